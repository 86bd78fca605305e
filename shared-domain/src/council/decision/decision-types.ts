export const decisionTypes = ['task_approval', 'decision', 'resource_allocation', 'priority_change', 'other'] as const

export type DecisionType = (typeof decisionTypes)[number]
