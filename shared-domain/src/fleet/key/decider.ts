import { z } from 'zod'
import { decider, isPrivileged, mayActAs, reject, scopes, type Context, type Hold } from '../../kernel/decider.ts'
import { send } from '../../kernel/process.ts'
import { conflict, forbidden, invalid, unknown } from '../../kernel/refusal.ts'
import { day_ms, later, second_ms } from '../../kernel/time.ts'
import { AgentId, DueInstant, Id, OrchestratorId, text } from '../../vocabulary.ts'
import { mayManage as mayManageAgent } from '../agent/guards.ts'
import { agentState } from '../agent/state.ts'
import { daemonState } from '../daemon/state.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { newestAs } from './older-words.ts'
import { ApiKey, KeyId, Overlap_s, RatePerMinute, Scope } from './events.ts'
import { allows, apiKeyState, backersOf, type ApiKeyState, type Key } from './state.ts'

const Wanted = z.object({
  name: text(100).default('key'),
  scopes: z.array(Scope).min(1).max(4).default(['read', 'write', 'execute']),
  expiresAt: DueInstant.optional(),
  ratePerMinute: RatePerMinute.optional(),
})

/** An agent has work to do, and nothing to say about it. */
const WantedOfAgent = Wanted.extend({ scopes: z.array(Scope.extract(['read', 'execute'])).min(1).max(2).default(['read', 'execute']) })

/** A daemon works for its orchestrator, and governs nothing. */
const WantedOfDaemon = Wanted.extend({
  scopes: z.array(Scope.exclude(['admin'])).min(1).max(3).default(['read', 'write', 'execute']),
})

const isOwn = (orchestrator: string, { look, organization }: Context) => {
  const known = look(orchestratorState, orchestrator)
  return known.stage === 'registered' && known.organization === organization
}

/** Whom the key stands for is there no more. */
const isForsaken = (key: ApiKeyState, { look }: Context) => backersOf(key).some(({ fold, id, hasLeft }) => hasLeft(look(fold, id)))

/** Who answers for a key now: an agent may have come to another since. */
function managerOf({ orchestrator, agent }: Key, { look }: Context): string | null {
  if (agent === null) return orchestrator
  const known = look(agentState, agent)
  return known.stage === 'unknown' ? null : known.profile.orchestrator
}

/** An admin manages every key, an orchestrator its own and those of its agents and daemons, a tool the key that it holds. */
function mayManage(id: string, key: Key, context: Context) {
  if (isPrivileged(context)) return true
  const isOfOrganization = key.orchestrator === null && key.agent === null
  return isOfOrganization ? context.by.id === id : context.actsFor !== null && context.actsFor === managerOf(key, context)
}

const isLonger = (expiresAt: string | null, than: string | null) => than !== null && (expiresAt === null || expiresAt > than)

/** Time is no limit to an admin, whose own key may be for a day and make those that others work with for a year. */
const mayGrantUntil = (expiresAt: string | null, context: Context) =>
  isPrivileged(context) || (context.keyExpiresAt !== undefined && !isLonger(expiresAt, context.keyExpiresAt))

type KeyId = z.output<typeof KeyId>
type Wanted = z.output<typeof Wanted>
type Generated = Parameters<typeof ApiKey.ApiKeyGenerated>[0]
type Holder = Pick<Generated, 'orchestrator' | 'agent' | 'daemon'>

const ofNobody: Holder = { orchestrator: null, agent: null, daemon: null }

/** The key that it replaces, and for how long both are taken. */
const first = { replaces: null as KeyId | null, overlap_s: 0 }

/** Nobody grants more than the key allows that it comes with, and only an admin grants it for longer. */
function generate(state: ApiKeyState, holder: Holder, wanted: Wanted, context: Context, old = first) {
  if (state.stage !== 'unknown') return []
  const { at, secret, allowed } = context
  const { name, scopes, expiresAt = null, ratePerMinute = null } = wanted
  if (!secret || !scopes.every((scope) => allows({ scopes: allowed }, scope))) return reject('FORBIDDEN')
  if (!mayGrantUntil(expiresAt, context)) return reject('FORBIDDEN')
  if (expiresAt !== null && expiresAt <= at)
    return reject('VALIDATION_ERROR', { errors: [{ pointer: '/expiresAt', message: 'lies in the past' }] })
  return [ApiKey.ApiKeyGenerated({ ...holder, name, ...secret, scopes, expiresAt, ratePerMinute, ...old })]
}

const revoked = ({ orchestrator }: Key, reason: string | null) =>
  ApiKey.ApiKeyRevoked({ orchestrator: orchestrator as OrchestratorId | null, reason })

/** A rotation that has not made its key by then gives the old one free for another. */
export const rotation_ms = 30 * second_ms

/** What may happen to a key once is said on its own stream first: of rotations at the same moment one goes on. */
const succeeding = (old: KeyId, successor: KeyId): Hold => ({
  take: send(apiKey, old, 'reserveRotation', { successor }),
  giveBack: () => send(apiKey, old, 'releaseRotation', { successor }),
  within_ms: rotation_ms,
})

export const apiKey = decider(apiKeyState, {
  collection: 'keys',
  rejections: {
    NOT_FOUND: unknown('There is no such orchestrator, agent, daemon or key.'),
    FORBIDDEN: forbidden(
      'Only an admin or the orchestrator that answers for the key may; nobody may grant more than it has, and only an admin for longer.',
    ),
    VALIDATION_ERROR: invalid('The time of expiry lies in the past.'),
    INVALID_STATE_TRANSITION: conflict('A revoked key cannot be rotated.'),
    ALREADY_ROTATED: conflict('Another key has taken the place of this one, or is about to: a key is rotated once.'),
  },

  commands: {
    generate: {
      about: 'Make an API key that acts as this orchestrator only, shown once. Only an admin lets it live longer than its own.',
      route: 'POST /orchestrators/:orchestrator/keys',
      aliases: [{
        route: 'POST /orchestrators/:orchestrator/api-key', without: ['expiresAt'],
        fields: { expiresInDays: z.int().min(1).max(3_650).optional() },
        say: ({ expiresInDays: days, ...said }, at) =>
          ({ ...said, ...(days === undefined ? {} : { expiresAt: later(at, Number(days) * day_ms) }) }),
      }],
      creates: true,
      secret: true,
      fresh: true,
      scope: 'admin',
      data: Wanted.extend({ orchestrator: OrchestratorId }),
      decide(state, { orchestrator, ...wanted }, context) {
        if (!isOwn(orchestrator, context)) return reject('NOT_FOUND')
        return mayActAs(context, orchestrator) ? generate(state, { ...ofNobody, orchestrator }, wanted, context) : reject('FORBIDDEN')
      },
    },

    generateForAgent: {
      about: 'Make an API key that acts as this agent only, shown once. It may read, and do what the agent was assigned to.',
      route: 'POST /agents/:agent/keys',
      creates: true,
      secret: true,
      fresh: true,
      scope: 'admin',
      data: WantedOfAgent.extend({ agent: AgentId }),
      decide(state, { agent, ...wanted }, context) {
        const known = context.look(agentState, agent)
        if (known.stage !== 'open' || known.organization !== context.organization) return reject('NOT_FOUND')
        if (!mayManageAgent(known.profile, context)) return reject('FORBIDDEN')
        return generate(state, { orchestrator: known.profile.orchestrator, agent, daemon: null }, wanted, context)
      },
    },

    generateForDaemon: {
      about: 'Make an API key that acts as this daemon, in the name of its orchestrator, shown once. It ends with either.',
      route: 'POST /daemons/:daemon/keys',
      creates: true,
      secret: true,
      fresh: true,
      scope: 'admin',
      data: WantedOfDaemon.extend({ daemon: Id }),
      decide(state, { daemon, ...wanted }, context) {
        const known = context.look(daemonState, daemon)
        const isOpen = known.status !== 'UNKNOWN' && known.status !== 'RETIRED' && known.organization === context.organization
        if (!isOpen || !isOwn(known.orchestrator, context)) return reject('NOT_FOUND')
        if (!mayActAs(context, known.orchestrator)) return reject('FORBIDDEN')
        return generate(state, { orchestrator: known.orchestrator, agent: null, daemon }, wanted, context)
      },
    },

    generateForOrganization: {
      about: 'Make an API key of the organization itself, for people and tools, shown once. It may live longer than the key that asks.',
      route: 'POST /keys',
      creates: true,
      secret: true,
      fresh: true,
      scope: 'admin',
      data: Wanted,
      decide: (state, wanted, context) => (isPrivileged(context) ? generate(state, ofNobody, wanted, context) : reject('FORBIDDEN')),
    },

    rotate: {
      about: 'Replace this key by one like it, shown once; for `overlap_s` both are taken. It allows no more than the key that asks; ' +
        'only an admin lets it live longer.',
      route: 'POST /keys/:replaces/rotate',
      aliases: [{
        route: 'POST /orchestrators/:orchestrator/api-key/rotate', about: 'Of its newest key that is valid.',
        without: ['replaces'], finds: newestAs('replaces'),
      }],
      creates: true,
      secret: true,
      fresh: true,
      data: z.object({ replaces: KeyId, expiresAt: DueInstant.optional(), overlap_s: Overlap_s.default(0) }),
      holds: (_, { replaces }, { id }) => succeeding(replaces, KeyId.parse(id)),
      decide(state, { replaces, expiresAt, overlap_s }, context) {
        const old = context.look(apiKeyState, replaces)
        if (old.stage === 'unknown' || old.organization !== context.organization) return reject('NOT_FOUND')
        if (!mayManage(replaces, old, context)) return reject('FORBIDDEN')
        // Rotating needs less than making a key does, so it must not lead to more.
        if (expiresAt !== undefined && isLonger(expiresAt, old.expiresAt) && !isPrivileged(context)) return reject('FORBIDDEN')
        if (old.successor !== null && old.successor !== context.id) return reject('ALREADY_ROTATED')
        if (old.stage === 'revoked' && state.stage === 'unknown') return reject('INVALID_STATE_TRANSITION')
        if (state.stage === 'unknown' && isForsaken(old, context)) return reject('NOT_FOUND')
        const { orchestrator, agent, daemon, name, scopes } = old
        const until = expiresAt ?? old.expiresAt ?? undefined
        const wanted = { name, scopes: [...scopes], expiresAt: until, ratePerMinute: old.ratePerMinute ?? undefined }
        return generate(state, { orchestrator, agent, daemon } as Holder, wanted, context, { replaces, overlap_s })
      },
    },

    reserveRotation: {
      about: 'Let one key, and no other, take the place of this one.',
      internal: true,
      data: z.object({ successor: KeyId }),
      decide(state, { successor }) {
        if (state.stage === 'unknown') return reject('NOT_FOUND')
        if (state.successor !== null) return state.successor === successor ? [] : reject('ALREADY_ROTATED')
        if (state.stage === 'revoked') return reject('INVALID_STATE_TRANSITION')
        return [ApiKey.ApiKeyRotationReserved({ orchestrator: state.orchestrator as OrchestratorId | null, successor })]
      },
    },

    releaseRotation: {
      about: 'The key that was to take the place of this one was not made, if it was not: another may.',
      internal: true,
      data: z.object({ successor: KeyId }),
      decide(state, { successor }, { look }) {
        if (state.stage !== 'valid' || state.successor !== successor || look(apiKeyState, successor).stage !== 'unknown') return []
        return [ApiKey.ApiKeyRotationReleased({ orchestrator: state.orchestrator as OrchestratorId | null, successor })]
      },
    },

    generateFirst: {
      about: 'Make the first key of an organization that is about to begin.',
      internal: true,
      data: z.object({}),
      decide: (state, _, context) => generate(state, ofNobody, { name: 'first', scopes: [...scopes] }, context),
    },

    retire: {
      about: 'Another key has taken the place of this one, or what it was made for has not come.',
      internal: true,
      data: z.object({ reason: z.enum(['rotated', 'not-created']).default('rotated') }),
      decide: (state, { reason }) => (state.stage === 'valid' ? [revoked(state, reason)] : []),
    },

    revoke: {
      about: 'Make a key good for nothing, at once and for ever.',
      aliases: [{
        route: 'DELETE /orchestrators/:orchestrator/api-key', about: 'Of its newest key that is valid.',
        idOf: ({ key }) => String(key), finds: newestAs('key'),
      }],
      data: z.object({ reason: text(500).optional() }),
      decide(state, { reason }, context) {
        if (state.stage === 'unknown') return reject('NOT_FOUND')
        if (!mayManage(context.id, state, context)) return reject('FORBIDDEN')
        if (state.stage === 'revoked') return []
        return [revoked(state, reason ?? null)]
      },
    },
  },
})
