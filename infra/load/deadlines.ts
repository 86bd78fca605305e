/**
 * What becomes of deadlines and moves that were recorded elsewhere, by the rules of the domain alone:
 * `npx node infra/load/deadlines.ts [--boston-311 DIR] [--itsm-incidents DIR]`. Requests to a city have a target each; incidents have the
 * deadline of the priority that they had first, and pass from group to group.
 */
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { backs, groupMoves, incidents, requests, standings } from './recorded/deadlines.ts'

const { values } = parseArgs({ options: { 'boston-311': { type: 'string' }, 'itsm-incidents': { type: 'string' } } })
const { 'boston-311': boston, 'itsm-incidents': itsm } = values

if (boston !== undefined) {
  const all = requests(join(boston, 'requests-2011.csv.gz'))
  for (const { met, missed, open } of standings(all)) console.log(`boston-311: of ${all.length} ${met} met, ${missed} missed, ${open} open`)
}
if (itsm !== undefined) {
  const events = join(itsm, 'events.csv.gz')
  for (const { priority, met, missed, open } of standings(incidents(join(itsm, 'outcomes.csv.gz'), events)))
    console.log(`itsm-incidents, ${priority}: of ${met + missed + open} ${met} met, ${missed} missed, ${open} open`)
  const [moves, once, twice] = backs(groupMoves(events))
  console.log(`itsm-incidents: ${moves} moves, ${once} back once or more often, ${twice} twice or more often`)
}
