import { z } from 'zod'
import { decider, reject, type Context, type Rejection } from '../../kernel/decider.ts'
import { digestOf } from '../../kernel/digest.ts'
import { given } from '../../kernel/given.ts'
import { uuid5 } from '../../kernel/name-id.ts'
import { conflict, forbidden, invalid, unknown } from '../../kernel/refusal.ts'
import { DueInstant, Id, jsonObject, StoredInstant, text } from '../../vocabulary.ts'
import { ahead, behind, nothing } from '../coming.ts'
import { impracticable } from '../due.ts'
import { Zone } from '../rule.ts'
import { isWithin } from '../windows.ts'
import { Counts, RunCause } from '../batch-run/shapes.ts'
import { Batch, type BatchEvent } from './events.ts'
import { launched, launchedAt, nextOf, rotaOf, waitingOf } from './launching.ts'
import { olderProcessing } from './older-words.ts'
import { faultIn, Plan, When } from './plan.ts'
import { batchState, type BatchState, type Known } from './state.ts'

const { shape } = Plan
const SaidWhen = z.union([...When.options.slice(0, 1), z.strictObject({ at: DueInstant }), When.options[2]])

const Definition = z.object({
  name: shape.name,
  command: shape.command,
  data: jsonObject(16 * 1024).default({}).describe('What each task is told with the command.'),
  select: shape.select,
  when: SaidWhen.nullable().default(null).describe('Without, runs begin by hand alone.'),
  windows: shape.windows.default([]).describe('Runs begin within these alone.'),
  zone: Zone.default('UTC').describe('The clocks of the windows.'),
  maxParallel: shape.maxParallel.default(5),
  stopOnFailure: shape.stopOnFailure.default(false),
  timeout_s: shape.timeout_s.default(14_400),
  jitter_s: shape.jitter_s.default(0),
  late_s: shape.late_s.default(300),
  catchUp: shape.catchUp.default('none'),
  maxRuns: shape.maxRuns.default(null),
  run: z.boolean().optional().describe('Whether a run begins at once: so it does where there is no `when`.'),
})

const Changes = z.object({
  name: shape.name.optional(),
  command: shape.command.optional(),
  data: shape.data.optional(),
  select: shape.select.optional(),
  when: SaidWhen.nullable().optional(),
  windows: shape.windows.optional(),
  zone: Zone.optional(),
  maxParallel: shape.maxParallel.optional(),
  stopOnFailure: shape.stopOnFailure.optional(),
  timeout_s: shape.timeout_s.optional(),
  jitter_s: shape.jitter_s.optional(),
  late_s: shape.late_s.optional(),
  catchUp: shape.catchUp.optional(),
  maxRuns: shape.maxRuns.optional(),
})

type Code = 'NOT_FOUND' | 'FORBIDDEN' | 'INVALID_STATE_TRANSITION' | 'VALIDATION_ERROR' | 'ALREADY_EXISTS'
type Decision = readonly BatchEvent[] | Rejection<Code>

/** What concerns many orchestrators is an admin's or a tool's to say. */
const may = ({ by: { kind } }: Pick<Context, 'by'>) => kind === 'admin' || kind === 'tool' || kind === 'process'

function inside(state: BatchState, command: string, context: Context, decide: (state: Known) => Decision): Decision {
  if (!may(context)) return reject('FORBIDDEN')
  if (state.stage === 'unknown') return reject('NOT_FOUND')
  return state.stage === 'ENDED' ? unfit(command, 'ENDED') : decide(state)
}

const unfit = (command: string, status: string) => reject('INVALID_STATE_TRANSITION', { command, status })
const faulty = (pointer: string, message: string) => reject('VALIDATION_ERROR', { errors: [{ pointer, message }] })

/** Why there is no sense in a plan, if there is none. */
function senseless(plan: Plan, runs: number, after: string) {
  const fault = faultIn(plan)
  if (fault !== undefined) return faulty('/data', fault)
  if (plan.when !== null && 'window' in plan.when && plan.windows.length === 0) return faulty('/windows', 'are what it waits for')
  const rota = rotaOf(plan)
  const why = rota && impracticable(rota, after)
  if (why === 'never') return faulty('/when', 'is not due within 3000 days')
  if (why === 'too often') return faulty('/when', 'is due twice within 300 seconds')
  return plan.maxRuns !== null && plan.maxRuns <= runs ? faulty('/maxRuns', 'is no more than it has run') : undefined
}

const aheadOf = (id: string, plan: Plan, after: string) => ahead(waitingOf(id, plan, false), nextOf(plan, after))

function changed(state: Known, wish: z.output<typeof Changes>, { id, at }: Context): Decision {
  const plan: Plan = { ...state.plan, ...given(wish) }
  if (digestOf(plan) === digestOf(state.plan)) return []
  const timesOf = ({ when, windows, zone }: Plan) => digestOf([when, windows, zone])
  const after = behind(state, at)
  const next = timesOf(plan) === timesOf(state.plan) && state.next !== null ? state.next : nextOf(plan, after)
  if (wish.when && 'at' in wish.when && next === null) return faulty('/when', 'has passed')
  const then = state.stage === 'PAUSED' ? nothing : ahead(waitingOf(id, plan, false), next)
  return senseless(plan, state.runs, after) ?? [Batch.BatchUpdated({ ...plan, ...then })]
}

/** A run by hand: one at a time, within its windows. */
function begun(state: Known, context: Context): Decision {
  const { plan, next, comesAt, stage, isRunning } = state
  if (isRunning || stage !== 'ENABLED') return unfit('run', isRunning ? 'RUNNING' : stage)
  if (!isWithin(plan.windows, plan.zone, context.at)) return unfit('run', 'OUTSIDE_WINDOW')
  const after = next === null || comesAt === null ? nothing : { next, comesAt }
  return launched(state, uuid5(context.commandId, context.id), null, after)
}

export const batch = decider(batchState, {
  collection: 'batches',
  rejections: {
    NOT_FOUND: unknown('There is no such batch.'),
    FORBIDDEN: forbidden('Only an admin or a tool may do this.'),
    VALIDATION_ERROR: invalid('Nothing sensible would come of it.'),
    ALREADY_EXISTS: conflict('A batch with this id exists already.'),
    INVALID_STATE_TRANSITION: conflict('The batch has ended, rests, is outside of its windows, or a run of it is under way.'),
  },

  commands: {
    define: {
      about: 'Do the same with many tasks, at once, at times or when somebody says so.',
      aliases: olderProcessing,
      creates: true,
      data: Definition,
      decide(state, { run, ...said }, context) {
        if (!may(context)) return reject('FORBIDDEN')
        if (state.stage !== 'unknown') return reject('ALREADY_EXISTS')
        const plan: Plan = said as Plan
        const refusal = senseless(plan, 0, context.at)
        if (refusal) return refusal
        const after = aheadOf(context.id, plan, context.at)
        if (plan.when !== null && 'at' in plan.when && after.next === null) return faulty('/when', 'has passed')
        const defined = Batch.BatchDefined({ ...plan, ...after })
        if (!(run ?? plan.when === null)) return [defined]
        if (!isWithin(plan.windows, plan.zone, context.at)) return unfit('run', 'OUTSIDE_WINDOW')
        return [defined, ...launched({ plan, runs: 0 }, uuid5(context.commandId, context.id), null, after)]
      },
    },

    change: {
      about: 'Let it go on otherwise: what is given is replaced whole. A run that is under way stays as it was begun.',
      route: 'PATCH /batches/:id',
      data: Changes,
      decide: (state, wish, context) => inside(state, 'change', context, (state) => changed(state, wish, context)),
    },

    pause: {
      about: 'Let no run begin for a while.',
      data: z.object({ reason: text(500).optional() }),
      decide: (state, { reason = null }, context) => inside(state, 'pause', context, ({ stage }) =>
        (stage === 'PAUSED' ? [] : [Batch.BatchDisabled({ reason, ...nothing })])),
    },

    resume: {
      about: 'Let runs begin again from now on.',
      data: z.object({}),
      decide: (state, _, context) => inside(state, 'resume', context, (state) =>
        (state.stage === 'ENABLED' ? [] : [Batch.BatchEnabled(aheadOf(context.id, state.plan, behind(state, context.at)))])),
    },

    end: {
      about: 'Let no run begin any more. One that is under way goes on.',
      route: 'DELETE /batches/:id',
      data: z.object({}),
      decide: (state, _, context) => (state.stage === 'ENDED' && may(context) ? []
        : inside(state, 'end', context, () => [Batch.BatchEnded({ reason: 'asked', ...nothing })])),
    },

    run: {
      about: 'Begin a run now.',
      data: z.object({}),
      answers: { fields: z.object({ run: Id }), of: (state) => ({ run: (state as Known).run }) },
      decide: (state, _, context) => inside(state, 'run', context, (state) => begun(state, context)),
    },

    launch: {
      about: 'Make something of the due time that was waited for, and of those behind it that have come by now.',
      internal: true,
      data: z.object({ due: StoredInstant }),
      decide: (state, { due }, context) => (state.stage === 'ENABLED' && state.next === due && state.comesAt !== null
        ? launchedAt(state, { due, comesAt: state.comesAt }, context) : []),
    },

    runEnded: {
      about: 'The run is over: another may begin.',
      internal: true,
      data: z.object({ run: Id, counts: Counts, cause: RunCause }),
      decide(state, { run, counts, cause }) {
        if (state.stage === 'unknown' || !state.isRunning || state.run !== run) return []
        const { next, comesAt } = state
        return [Batch.BatchRunEnded({ run, counts, cause, next, comesAt })]
      },
    },
  },
})
