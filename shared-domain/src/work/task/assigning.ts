import { z } from 'zod'
import { agent } from '../../fleet/agent/decider.ts'
import { reservation_ms } from '../../fleet/agent/slots.ts'
import { agentState } from '../../fleet/agent/state.ts'
import { settingOf } from '../../fleet/organization/settings.ts'
import {
  isPrivileged, mayActAs, reject, Rejection, type Answers, type Circumstances, type Context, type Hold,
} from '../../kernel/decider.ts'
import { cited } from '../../kernel/grounds.ts'
import { send } from '../../kernel/process.ts'
import { later, second_ms } from '../../kernel/time.ts'
import { AgentId, CommandId, OrchestratorId, StoredInstant, TaskId, text, Who } from '../../vocabulary.ts'
import { agentPolicyNames } from '../policies/names.ts'
import type { Placing } from '../policies/placing.ts'
import { agentNamed, assigneeOf } from './assignees.ts'
import { notYet } from './deferring.ts'
import { Task, type TaskEvent } from './events.ts'
import { by, room, unable, undecided, unfit, type Decision } from './guards.ts'
import { olderWords } from './older-words.ts'
import { deferredUntil, isDeferred, OnUnavailable, outside, waitingWith } from './outside-hours.ts'
import { groundsOf, isKnown, placingOf, type Wish } from './placements.ts'
import { rejected_max, type AgentSlot, type OutsideHours } from './shapes.ts'
import { wordsOf, type Known, type TaskState } from './state.ts'

const candidates_max = 5

const byName = { policy: null, candidates: [], rejected: [], counts: {}, grounds: null }
const noPlace = { agentSlot: null, startBy: null }

interface Said {
  readonly assignee: string
  readonly reason: string | null
  readonly onUnavailable?: OnUnavailable
}
type Chosen = Pick<ReturnType<typeof Task.TaskAssigned>['data'], keyof typeof byName | keyof typeof noPlace | 'outsideHours'>

/** What every assignment says: of whom the task is taken, too. */
const assigned = (
  { owner, assignee: previous, agentSlot: previousAgentSlot }: Known, { assignee, reason }: Said, chosen: Chosen,
) => Task.TaskAssigned({ owner, assignee, reason, previous, previousAgentSlot, ...chosen })

/** A place of the agent, named by the command that takes it, and until when the work must have begun: not before hours have. */
const placeOf = (agent: string, found: OutsideHours | null, context: Context) => ({
  agentSlot: { agent: AgentId.parse(agent), slot: CommandId.parse(context.commandId), kept: false },
  startBy: later(isDeferred(found) ? found.nextAvailableAt : context.at, settingOf(context, 'startWithin_s') * second_ms),
})

/** The place is taken on the agent's stream before the assignment stands (F-14). */
function placeHeld(agentId: string, requiredCapabilities: readonly string[], { id, commandId }: Circumstances): Hold {
  const taking = { task: TaskId.parse(id), slot: CommandId.parse(commandId) }
  return {
    take: send(agent, agentId, 'reserve', { ...taking, skills: [...requiredCapabilities] }),
    giveBack: () => send(agent, agentId, 'release', { ...taking, reason: 'not-started' }),
    within_ms: reservation_ms,
  }
}

/** An agent works in the hours of the orchestrator that supervises it; without one, always. */
function outsideOfAgent(id: string, task: Known, wish: OnUnavailable, context: Context) {
  const known = context.look(agentState, id)
  const orchestrator = known.stage === 'open' ? known.profile.orchestrator : null
  return orchestrator === null ? null : outside(orchestrator, task, wish, context)
}

/** The hours of whoever is named; a person has none. */
function outsideOfNamed(assignee: string, task: Known, wish: OnUnavailable, context: Context) {
  const who = assigneeOf(assignee)
  if (who.kind === 'person') return null
  return who.kind === 'agent' ? outsideOfAgent(who.id, task, wish, context) : outside(who.id, task, wish, context)
}

/**
 * Of a task that is given to somebody as it is made: a place that an agent has for it is one that is kept. Outside hours it waits until
 * they begin, if they ever do.
 */
export function givenAtOnce(task: Known, assignee: string, agentSlot: AgentSlot | null, context: Context): readonly TaskEvent[] {
  const found = outsideOfNamed(assignee, task, 'defer', context)
  const outsideHours = found instanceof Rejection ? outsideOfNamed(assignee, task, 'force', context) as OutsideHours : found
  return [
    assigned(task, { assignee, reason: null }, { ...byName, ...noPlace, agentSlot, outsideHours }),
    ...waitingWith(task, outsideHours, context),
  ]
}

function toAgent(task: Known, id: AgentId, said: Said, context: Context): Decision {
  if (task.assignee === said.assignee) return []
  const known = context.look(agentState, id)
  if (known.stage !== 'open' || known.organization !== context.organization) return reject('ASSIGNEE_UNKNOWN', { assignee: said.assignee })
  const { orchestrator } = known.profile
  if (orchestrator !== null && orchestrator !== task.owner && !isPrivileged(context)) return reject('FORBIDDEN')
  const refusal = undecided(task, context)
  if (refusal) return refusal
  const outsideHours = outsideOfAgent(id, task, said.onUnavailable, context)
  if (outsideHours instanceof Rejection) return outsideHours
  return [
    assigned(task, said, { ...byName, ...placeOf(id, outsideHours, context), outsideHours }), ...waitingWith(task, outsideHours, context),
  ]
}

const isRepeated = (task: Known, said: Said) => task.assignment === wordsOf.assignment(said)

function toOrchestrator(task: Known, id: OrchestratorId, said: Said, context: Context): Decision {
  if (isRepeated(task, said)) return []
  const refusal = unable(id, context)
  if (refusal) return refusal.code === 'ORCHESTRATOR_UNAVAILABLE' ? refusal : reject('ASSIGNEE_UNKNOWN', { assignee: said.assignee })
  const outsideHours = outside(id, task, said.onUnavailable, context)
  if (outsideHours instanceof Rejection) return outsideHours
  return [assigned(task, said, { ...byName, ...noPlace, outsideHours }), ...waitingWith(task, outsideHours, context)]
}

function toPerson(task: Known, said: Said): Decision {
  if (isRepeated(task, said)) return []
  const isTaken = task.assignee !== null && assigneeOf(task.assignee).kind !== 'person'
  if (task.status === 'IN_PROGRESS' && isTaken) return unfit(task, 'assign')
  return [assigned(task, said, { ...byName, ...noPlace, outsideHours: null })]
}

/** Somebody is named. Agents and orchestrators take what waits; a person may be named as long as the task is open (W-20). */
export function named(task: TaskState, said: Said, context: Context): Decision {
  const { owner } = task as Known
  if (task.status !== 'NONE' && !mayActAs(context, owner)) return reject('INVALID_OWNERSHIP', { owner })
  const who = assigneeOf(said.assignee)
  const person = (task: Known) => toPerson(task, said)
  if (who.kind === 'person') return by(task, 'assign', { TODO: person, IN_PROGRESS: person, BLOCKED: person })
  return by(task, 'assign', {
    TODO: (task) => (who.kind === 'agent' ? toAgent(task, who.id, said, context) : toOrchestrator(task, who.id, said, context)),
  })
}

/** What is held for whoever is named. */
export function placeOfNamed(assignee: string, requiredCapabilities: readonly string[], context: Circumstances): Hold | undefined {
  const who = assigneeOf(assignee)
  return who.kind === 'agent' ? placeHeld(who.id, requiredCapabilities, context) : undefined
}

/** Whom the policy chooses, if anybody; what is to be said when it finds nobody is for the command to say (W-22). */
function chosen(
  task: Known, wish: Wish, reason: string | null, context: Context, nobody: (placing: Placing) => Decision,
): Decision {
  const refusal = undecided(task, context)
  if (refusal) return refusal
  const placing = placingOf(task, wish, context)
  const { ranked: [best], ranked, rejected, counts } = placing
  if (!best) return nobody(placing)
  const outsideHours = outsideOfAgent(best.id, task, wish.onUnavailable, context)
  if (outsideHours instanceof Rejection) return outsideHours
  return [assigned(task, { assignee: agentNamed(best.id), reason }, {
    ...placeOf(best.id, outsideHours, context), outsideHours, policy: wish.policy, candidates: ranked.slice(0, candidates_max),
    rejected: rejected.slice(0, rejected_max), counts, grounds: cited(context.grounds!),
  }), ...waitingWith(task, outsideHours, context)]
}

/** The place of whom the policy chooses now. */
const bestHeld = (task: Known, wish: Wish, context: Circumstances) =>
  placingOf(task, wish, context).ranked.slice(0, 1).map(({ id }) => placeHeld(id, task.details.requiredCapabilities, context))

const isWaiting = (task: TaskState) => task.status === 'TODO' && task.assignee === null

const settings = ['startWithin_s', 'assignPolicy'] as const

/** Who has the task now, and why nobody else; when nobody has, why nobody. */
const answers: Answers<TaskState> = {
  fields: z.object({
    assignee: z.string().nullable(), score: z.number().nullable(),
    rejected: z.array(z.object({ id: z.string(), code: z.string() })), counts: z.record(z.string(), z.int()),
    deferredUntil: StoredInstant.nullable().describe('Until when it waits, if it does.'),
  }),
  of(task) {
    const { assignee, placement } = task as Known
    const { score = null, rejected = [], counts = {} } = placement ?? {}
    return { assignee, score, rejected, counts, deferredUntil: deferredUntil(task as Known) }
  },
}

export const assigning = room({
  assign: {
    about: 'Say who is to do the work, `agent:<id>`, `orchestrator:<id>` or a person; the owner still answers for it. Without `assignee` a '
      + 'policy chooses among all agents.',
    aliases: olderWords.assign,
    settings,
    data: z.object({
      assignee: Who.optional(),
      reason: text(500).optional(),
      policy: z.enum(agentPolicyNames).optional().describe('How to choose; else as the organization has set.'),
      onUnavailable: OnUnavailable,
      exclude: z.array(AgentId).max(50).optional().describe('Agents that are not to be chosen.'),
      need: z.enum(['some', 'all']).optional().describe('Whether some of the required skills will do, as when nothing is said.'),
    }).refine(({ assignee, policy, exclude, need }) => assignee === undefined || (policy ?? exclude ?? need) === undefined, {
      path: ['assignee'], error: 'is chosen by policy, or named',
    }),
    grounds: (task, wish, context) =>
      (wish.assignee === undefined && isWaiting(task) ? groundsOf(policyOf(wish, context), context.id) : {}),
    holds(task, wish, context) {
      if (wish.assignee === undefined) return bestHeld(task as Known, { ...wish, policy: policyOf(wish, context) }, context)
      return placeOfNamed(wish.assignee, (task as Known).details.requiredCapabilities, context)
    },
    answers,
    decide(task, { assignee, reason = null, onUnavailable, ...wish }, context) {
      if (assignee !== undefined) return named(task, { assignee, reason, onUnavailable }, context)
      return by(task, 'assign', {
        TODO(task) {
          if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
          if (task.assignee !== null) return []
          const choosing = { ...wish, onUnavailable, policy: policyOf(wish, context) }
          const { policy } = choosing
          return chosen(task, choosing, reason, context, ({ counts, rejected }) => (isKnown(task, counts, context.at) ? []
            : [Task.TaskPlacementFailed({
              owner: task.owner, policy, rejected: rejected.slice(0, rejected_max), since: task.placement?.since ?? context.at, counts,
              grounds: cited(context.grounds!),
            })]))
        },
      })
    },
  },

  place: {
    about: 'Find an agent for a task that was picked among others, by a policy; without one nothing is said of it.',
    internal: true,
    settings,
    data: z.object({ policy: z.enum(agentPolicyNames).optional(), reason: text(500) }),
    answers,
    grounds: (task, wish, context) => (isWaiting(task) ? groundsOf(policyOf(wish, context), context.id) : {}),
    holds: (task, wish, context) => bestHeld(task as Known, { policy: policyOf(wish, context) }, context),
    decide: (task, { reason, ...wish }, context) => by(task, 'place', {
      TODO(task) {
        if (!mayActAs(context, task.owner)) return reject('INVALID_OWNERSHIP', { owner: task.owner })
        if (task.assignee !== null) return unfit(task, 'place')
        if (task.nextRetryAt !== null && task.nextRetryAt > context.at) return reject('RETRY_NOT_DUE', { nextRetryAt: task.nextRetryAt })
        const choosing = { policy: policyOf(wish, context), onUnavailable: 'reject' } as const
        return notYet(task, context) ?? chosen(task, choosing, reason, context, ({ counts }) => reject('NOBODY_FITS', { counts }))
      },
    }),
  },
})

/** The policy that is named, else the organization's. */
function policyOf({ policy }: { readonly policy?: Wish['policy'] | undefined }, context: Pick<Context, 'settings'>): Wish['policy'] {
  return policy ?? settingOf(context, 'assignPolicy')
}
