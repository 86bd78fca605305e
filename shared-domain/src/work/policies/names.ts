/** Policies by name, for settings and requests; what each means stands beside. */

export const agentPolicyNames = ['capability-reliability/1', 'scheduler/1', 'load-balanced/1', 'round-robin/1'] as const
export type AgentPolicyName = (typeof agentPolicyNames)[number]

export const orchestratorPolicyNames = ['federation/1'] as const
export type OrchestratorPolicyName = (typeof orchestratorPolicyNames)[number]

export const nextPolicyNames = ['deadline-priority/1', 'deadline-priority/2'] as const
export type NextPolicyName = (typeof nextPolicyNames)[number]
