import { z } from 'zod'
import type { Said } from '../../kernel/alias.ts'
import { canonicalJson } from '../../kernel/canonical-json.ts'
import { decider, isPrivileged, mayActAs, reject, type Answers, type Circumstances, type Context } from '../../kernel/decider.ts'
import { conflict, forbidden, unknown } from '../../kernel/refusal.ts'
import { text, TimeZone } from '../../vocabulary.ts'
import { budgetState, latestOf } from '../budget/state.ts'
import { charterState } from '../charter/state.ts'
import { keeping } from '../email/decider.ts'
import { Orchestrator, Profile, ShownStatus, type Status } from './events.ts'
import { towards } from './older-words.ts'
import { proxying } from './proxying.ts'
import { isWorking, orchestratorState, shownStatus, type OrchestratorState } from './state.ts'

type StatusName = z.output<typeof Status>
type Action = keyof typeof moves

/** Where each action leads from each status; what is missing is refused. */
export const moves = {
  activate: { OFFLINE: ['ONLINE'], ONLINE: [], BUSY: [] },
  start: { OFFLINE: ['ONLINE'], ONLINE: [], BUSY: [] },
  pause: { ONLINE: ['AWAY'], BUSY: ['AWAY'], AWAY: [] },
  resume: { AWAY: ['ONLINE'], ONLINE: [], BUSY: [] },
  deactivate: { ONLINE: ['OFFLINE'], BUSY: ['OFFLINE'], AWAY: ['OFFLINE'], OFFLINE: [] },
  stop: { ONLINE: ['OFFLINE'], BUSY: ['OFFLINE'], AWAY: ['OFFLINE'], OFFLINE: [] },
  restart: { ONLINE: ['OFFLINE', 'ONLINE'], BUSY: ['OFFLINE', 'ONLINE'], AWAY: ['OFFLINE', 'ONLINE'], OFFLINE: ['ONLINE'] },
  fill: { ONLINE: ['BUSY'], BUSY: [], AWAY: [], OFFLINE: [] },
  free: { BUSY: ['ONLINE'], ONLINE: [], AWAY: [], OFFLINE: [] },
} as const satisfies Record<string, Partial<Record<StatusName, readonly StatusName[]>>>

function move(action: Action, state: OrchestratorState, reason: string | null, context: Context) {
  if (state.stage === 'unknown') return reject('NOT_FOUND')
  if (!mayActAs(context, context.id)) return reject('FORBIDDEN')
  const paths: Partial<Record<StatusName, readonly StatusName[]>> = moves[action]
  const path = state.stage === 'registered' ? paths[state.status] : undefined
  if (!path) return reject('INVALID_STATE_TRANSITION', { action, status: shownStatus(state) })
  let from = (state as { status: StatusName }).status
  return path.map((to) => {
    const fact = Orchestrator.OrchestratorStatusChanged({ from, to, action, reason })
    from = to
    return fact
  })
}

/** Where the move began and where it led, which is the same place when nothing changed. */
const fromTo: Answers<OrchestratorState> = {
  fields: z.object({ from: ShownStatus, to: ShownStatus }),
  of(state, { commandId }) {
    const to = shownStatus(state)
    return { from: state.stage !== 'unknown' && state.moved?.command === commandId ? state.moved.from : to, to }
  },
}

const statusCommand = (action: Action, about: string) => ({
  about,
  answers: fromTo,
  data: z.object({ reason: text(500).optional() }),
  decide: (state: OrchestratorState, { reason, as = action }: Move, context: Context) => move(as, state, reason ?? null, context),
})

interface Move {
  readonly reason?: string | undefined
  /** Older words name a status, to which one move leads from here and another from there. */
  readonly as?: Action
}

export const told = ['activate', 'start', 'pause', 'resume', 'deactivate', 'stop', 'restart'] as const

/** One that somebody tells the orchestrator; older systems have one route for all of them. */
const toldCommand = (action: (typeof told)[number], about: string) => ({
  ...statusCommand(action, about),
  aliases: [{
    route: 'POST /orchestrators/:id/actions', about: `With \`action\` ${action}.`, fields: { action: z.enum(told) },
    meant: (said: Said) => said.action === action,
  }, ...towards(action)],
})

type Profile = z.output<typeof Profile>

/** What others rely on: who answers for whom, whose voice counts how much. */
const confided = ['email', 'tier', 'consensusWeight'] as const satisfies readonly (keyof Profile)[]

/** An address that the profile does not have yet is taken first. */
const newEmail = (had: string | null, email: string | null | undefined, context: Circumstances) =>
  (email === undefined || email === null || email === had ? undefined : keeping(email, context))

const sameProfile = (a: object, b: object) => JSON.stringify(Profile.parse(a)) === JSON.stringify(Profile.parse(b))

export const orchestrator = decider(orchestratorState, {
  collection: 'orchestrators',
  rejections: {
    NOT_FOUND: unknown('There is no such orchestrator.'),
    FORBIDDEN: forbidden(
      'Only the orchestrator itself or an admin may do this, and only an admin changes email, tier and consensusWeight.',
    ),
    INVALID_STATE_TRANSITION: conflict('The orchestrator cannot do this in its present status.'),
    DUPLICATE_EMAIL: conflict('Another orchestrator has this email address, or is about to have it.'),
    PROXY_CYCLE: conflict('Nobody votes for itself by proxy.'),
    PROXY_UNKNOWN: conflict('Who is to vote for it is no orchestrator of the organization, and no agent of it.'),
    DEADLINE_PASSED: conflict('The time until which it holds lies in the past.'),
    ALREADY_EXISTS: conflict('An orchestrator with this id is already registered with another profile.'),
  },

  commands: {
    register: {
      about: 'Register an orchestrator; it is OFFLINE until it is activated.',
      creates: true,
      scope: 'admin',
      data: Profile.extend({
        discipline: text(100).default('general'),
        role: text(100).default('orchestrator'),
        capabilities: Profile.shape.capabilities.default([]),
        timezone: TimeZone.default('UTC'),
        daemonEndpoint: Profile.shape.daemonEndpoint.default(null),
        consensusWeight: Profile.shape.consensusWeight.default(1),
        email: Profile.shape.email.default(null),
        avatarUrl: Profile.shape.avatarUrl.default(null),
        tier: Profile.shape.tier.default(1),
        maxConcurrentTasks: z.int().min(1).max(50).default(5),
      }),
      holds: (_, { email }, context) => newEmail(null, email, context),
      decide(state, data) {
        if (state.stage === 'unknown') return [Orchestrator.OrchestratorRegistered(data)]
        if (state.stage === 'archived') return reject('INVALID_STATE_TRANSITION', { action: 'register', status: 'ARCHIVED' })
        const isSame = sameProfile(state.profile, data) && state.registeredMax === data.maxConcurrentTasks
        return isSame ? [] : reject('ALREADY_EXISTS')
      },
    },

    update: {
      about: 'Change what is known of an orchestrator; what is not given stays.',
      route: 'PATCH /orchestrators/:id',
      aliases: [{ route: 'PUT /orchestrators/:id', about: 'What is not given stays.' }],
      data: Profile.partial(),
      holds: (state, { email }, context) => newEmail(state.stage === 'unknown' ? null : state.profile.email, email, context),
      decide(state, data, context) {
        if (state.stage === 'unknown') return reject('NOT_FOUND')
        if (!mayActAs(context, context.id)) return reject('FORBIDDEN')
        if (state.stage === 'archived') return reject('INVALID_STATE_TRANSITION', { action: 'update', status: 'ARCHIVED' })
        const profile = Profile.parse({ ...state.profile, ...data })
        const had = state.profile
        if (!isPrivileged(context) && confided.some((field) => profile[field] !== had[field])) return reject('FORBIDDEN')
        const previousEmail = profile.email === had.email ? null : had.email
        return sameProfile(had, profile) ? [] : [Orchestrator.OrchestratorUpdated({ ...profile, previousEmail })]
      },
    },

    archive: {
      about: 'Retire an orchestrator for good; it must be offline. Its keys are refused within a second, its running leases end.',
      route: 'DELETE /orchestrators/:id',
      scope: 'admin',
      answers: fromTo,
      data: z.object({ reason: text(500).optional() }),
      decide(state, { reason }, context) {
        if (state.stage === 'unknown') return reject('NOT_FOUND')
        if (!mayActAs(context, context.id)) return reject('FORBIDDEN')
        if (state.stage === 'archived') return []
        if (state.status !== 'OFFLINE') return reject('INVALID_STATE_TRANSITION', { action: 'archive', status: state.status })
        return [Orchestrator.OrchestratorArchived({ from: state.status, reason: reason ?? null, previousEmail: state.profile.email })]
      },
    },

    activate: toldCommand('activate', 'Take work from now on.'),
    start: toldCommand('start', 'Take work from now on.'),
    pause: toldCommand('pause', 'Go away for a while: what runs goes on, nothing new starts.'),
    resume: toldCommand('resume', 'Come back from a pause.'),
    deactivate: toldCommand('deactivate', 'Take no more work.'),
    stop: toldCommand('stop', 'Take no more work.'),
    restart: toldCommand('restart', 'Go offline and come back at once.'),
    fill: { ...statusCommand('fill', 'The last capacity slot is taken.'), internal: true },
    free: { ...statusCommand('free', 'A capacity slot is free again.'), internal: true },

    standDown: {
      about: 'The orchestrator has drifted too far from its charter: what runs goes on, nothing new starts until somebody resumes it.',
      internal: true,
      data: z.object({}),
      decide: (state, _, context) => (isWorking(state) ? move('pause', state, 'drift', context) : []),
    },

    ...proxying,

    keepHours: {
      about: 'Note that it has a schedule.',
      internal: true,
      data: z.object({}),
      decide: (state) => (state.stage === 'registered' && !state.keepsHours ? [Orchestrator.OrchestratorHoursKept({})] : []),
    },

    limitQueue: {
      about: 'Note how many tasks may wait for it.',
      internal: true,
      data: z.object({ maxQueueSize: z.int().nullable() }),
      decide: (state, { maxQueueSize }) => (state.stage !== 'registered' || state.maxQueueSize === maxQueueSize ? []
        : [Orchestrator.OrchestratorQueueLimited({ maxQueueSize })]),
    },

    guard: {
      about: 'Note what its commands are to heed.',
      internal: true,
      data: z.object({}),
      decide(state, _, { id, look }) {
        // Whoever has left heeds nothing, and keys are told of it by the last fact here.
        if (state.stage !== 'registered') return []
        const budget = latestOf(look(budgetState, id).exhausted)
        const guarded = { charterVersion: look(charterState, id).active, budget }
        return canonicalJson(guarded) === canonicalJson(state.guarded) ? [] : [Orchestrator.OrchestratorGuarded(guarded)]
      },
    },
  },

  bulk: {
    about: 'Move many orchestrators, or archive them.',
    scope: 'admin',
    older: { ids: 'orchestratorIds', actions: { delete: 'archive' } },
    actions: {
      activate: 'activate', start: 'start', pause: 'pause', resume: 'resume', deactivate: 'deactivate', stop: 'stop', restart: 'restart',
      archive: 'archive',
    },
  },
})
