import { z } from 'zod'
import type { OlderWords } from '../../kernel/decider.ts'
import type { OrchestratorState } from './state.ts'

const wantedStatus = z.enum(['ONLINE', 'AWAY', 'OFFLINE'])

/** The move that older words mean which say where it is to lead; BUSY is shown, and nobody's to say. */
const leadsTo: Readonly<Record<string, z.output<typeof wantedStatus>>> = { activate: 'ONLINE', pause: 'AWAY', deactivate: 'OFFLINE' }

export const towards = (action: string): readonly OlderWords<OrchestratorState>[] => (leadsTo[action] === undefined ? [] : [{
  route: 'PATCH /orchestrators/:id/status', fields: { status: wantedStatus },
  about: `With \`status\` ${leadsTo[action]}.${action === 'activate' ? ' Who is AWAY resumes.' : ''}`,
  meant: ({ status }) => status === leadsTo[action],
  ...(action === 'activate' && {
    fill: (state, said) => (state.stage === 'registered' && state.status === 'AWAY' ? { ...said, as: 'resume' } : said),
  }),
}])
