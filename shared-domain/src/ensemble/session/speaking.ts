import { mayActAs, type Context } from '../../kernel/decider.ts'

/** True for the agent itself, and for whoever may act as the orchestrator that supervises it, if one does. */
export const speaksFor = (
  { agent, orchestrator }: { readonly agent: string; readonly orchestrator: string | null }, context: Pick<Context, 'by' | 'actsFor'>,
): boolean => (context.by.kind === 'agent' && context.by.id === agent) || mayActAs(context, orchestrator ?? '')
