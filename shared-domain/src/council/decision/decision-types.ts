export const decisionTypes = ['task_approval', 'decision', 'resource_allocation', 'priority_change', 'other'] as const
