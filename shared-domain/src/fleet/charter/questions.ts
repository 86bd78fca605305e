import { z } from 'zod'
import { columnsIn, rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { OrchestratorId } from '../../vocabulary.ts'
import { orchestrators } from '../orchestrator/orchestrators.ts'
import { charters } from './charters.ts'
import { differences } from './difference.ts'
import { drifts } from './drift-rows.ts'
import { Version } from './events.ts'

const Held = charters.row.omit({ orchestrator: true, active: true })
const Drift = drifts.row.omit({ orchestrator: true })

const params = z.object({ orchestrator: OrchestratorId })

export const orchestratorCharter = question({
  name: 'orchestratorCharter',
  about: 'Which charter holds for an orchestrator, how far it was last said to have drifted from it, and what is in force against that.',
  path: '/orchestrators/:orchestrator/charter',
  params,
  answer: z.object({ active: Held.nullable(), drift: Drift.nullable(), interventions: orchestrators.row.shape.interventions }),
  reads: [orchestrators, charters, drifts],
  *reply({ params: { orchestrator } }) {
    const { own: [own], active: [active = null], drift: [drift = null] } = yield* asks({
      own: rowsOf(orchestrators, { columns: ['interventions'], where: { orchestrator }, limit: 1 }),
      active: rowsOf(charters, { columns: columnsIn(Held), where: { orchestrator, active: true }, limit: 1 }),
      drift: rowsOf(drifts, { columns: columnsIn(Drift), where: { orchestrator }, limit: 1 }),
    })
    return own && { active, drift, interventions: own.interventions }
  },
})

/** As it is stored. */
const plain = (document: z.output<typeof charters.row.shape.document>) => document as z.core.util.JSONType

const shown_max = 200
const Shown = z.object({ op: z.enum(['add', 'remove', 'replace']), path: z.string(), from: z.json(), to: z.json() })

export const charterDiff = question({
  name: 'charterDiff',
  about: `What differs between two versions of a charter: the first ${shown_max} places by JSON pointer, and how many there are.`,
  path: '/orchestrators/:orchestrator/charter/diff',
  params,
  query: z.object({ from: Version, to: Version }),
  answer: z.object({
    differences: z.array(Shown).max(shown_max),
    total: z.int().min(0),
  }),
  reads: [charters],
  *reply({ params: { orchestrator }, query: { from, to } }) {
    const { versions } = yield* asks({
      versions: rowsOf(charters, { columns: ['version', 'document'], where: { orchestrator, version: [from, to] }, limit: 2 }),
    })
    const document = (of: number) => versions.find(({ version }) => version === of)?.document
    const [before, after] = [document(from), document(to)]
    if (!before || !after) return undefined
    const all = [...differences(plain(before), plain(after))]
    return { differences: all.slice(0, shown_max), total: all.length }
  },
})
