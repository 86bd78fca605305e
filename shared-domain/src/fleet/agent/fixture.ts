import { uuid } from '../../kernel/testing.ts'

const agents: readonly (readonly [name: string, skills: string, max: number, current: number, reliability: number, status: string])[] = [
  ['antigravity-main', 'infrastructure testing cicd security', 3, 1, 0.98, 'ACTIVE'],
  ['agent-security-cleanup', 'security credentials audit', 1, 0, 0.95, 'IDLE'],
  ['agent-vps-deploy', 'deployment vps nginx pm2', 1, 0, 0.9, 'IDLE'],
  ['agent-qr-feature', 'frontend react features', 2, 0, 0.92, 'IDLE'],
  ['agent-n8n-integration', 'n8n workflows automation', 1, 0, 0.88, 'IDLE'],
  ['copilot-agent', 'code-generation documentation review', 5, 0, 0.94, 'ACTIVE'],
]

/** The older agents of F-74; the id of each stands for its place in the list. */
export const older = agents.map(([name, skills, max, current, reliability, status], index) =>
  ({ id: uuid(700 + index), name, skills: skills.split(' '), max, current, reliability, status }))
