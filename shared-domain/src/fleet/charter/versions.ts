import { z } from 'zod'
import { reject } from '../../kernel/decider.ts'
import { digestOf } from '../../kernel/digest.ts'
import { OrchestratorId, text } from '../../vocabulary.ts'
import { Document, withLimitsOf } from './document.ts'
import { Charter, Version, versions_max } from './events.ts'
import { room, ruled, type Decision } from './guards.ts'
import type { CharterState } from './state.ts'

const own = (id: string) => ({ orchestrator: OrchestratorId.parse(id) })

function activated({ active: previous }: CharterState, version: number, reason: string | null, id: string) {
  return previous === version ? [] : [Charter.CharterActivated({ ...own(id), version, previous, reason })]
}

/** Back to a version that was published, the one that was active before when none is named. */
function rolledBack({ versions, active, before }: CharterState, to: number | undefined, reason: string, id: string): Decision {
  const version = to ?? before.at(-1)
  if (active === null || version === undefined) return reject('INVALID_STATE_TRANSITION', { command: 'rollback', active })
  if (version > versions.length) return reject('NOT_FOUND')
  return version === active ? [] : [Charter.CharterRolledBack({ ...own(id), from: active, to: version, reason })]
}

export const versions = room({
  publish: {
    about: 'Write a charter, which is another version of it, and activate it unless that is not wanted.',
    route: 'POST /orchestrators/:id/charter',
    scope: 'admin',
    data: z.object({ document: Document, activate: z.boolean().default(true) }),
    decide: (state, { document: said, activate }, context) => ruled('publish', context, ({ tier }) => {
      const document = withLimitsOf(tier, said)
      const hash = digestOf(document)
      const { length } = state.versions
      const isKnown = state.versions.at(-1)?.hash === hash
      if (!isKnown && length >= versions_max) return reject('LIMIT_REACHED', { max: versions_max })
      const version = isKnown ? length : length + 1
      return [
        ...(isKnown ? [] : [Charter.CharterPublished({ ...own(context.id), version, document, hash })]),
        ...(activate ? activated(state, version, null, context.id) : []),
      ]
    }),
  },

  activate: {
    about: 'Let a version hold from now on.',
    route: 'POST /orchestrators/:id/charter/:version/activate',
    scope: 'admin',
    data: z.object({ version: z.coerce.number().int().min(1).max(versions_max), reason: text(500).optional() }),
    decide: (state, { version, reason = null }, context) => ruled('activate', context, () =>
      (version > state.versions.length ? reject('NOT_FOUND') : activated(state, version, reason, context.id))),
  },

  rollback: {
    about: 'Let an earlier version hold again: the one that was active before, or the one that is named.',
    route: 'POST /orchestrators/:id/charter/rollback',
    scope: 'admin',
    data: z.object({ to: Version.optional(), reason: text(500) }),
    decide: (state, { to, reason }, context) => ruled('rollback', context, () => rolledBack(state, to, reason, context.id)),
  },

  revert: {
    about: 'The drift is critical: the version that was active before holds again, if there was one.',
    internal: true,
    data: z.object({}),
    decide: (state, _, { id }) => (state.isFallen && state.before.length > 0 ? rolledBack(state, undefined, 'drift', id) : []),
  },
})
