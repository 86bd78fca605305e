import { isPrivileged, type Context } from '../../kernel/decider.ts'

/** An admin, the orchestrator and its daemons plan its hours and its time. */
export const mayPlan = (context: Pick<Context, 'id' | 'by' | 'actsFor'>) =>
  isPrivileged(context) || (context.actsFor === context.id && (context.by.kind === 'orchestrator' || context.by.kind === 'daemon'))
