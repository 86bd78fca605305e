import { z } from 'zod'
import { readModel, type Project } from '../../kernel/read-model.ts'
import { Id, StoredInstant } from '../../vocabulary.ts'
import { Candidates, Told, type SelectionEvent } from './events.ts'

const { policy, pattern, chosen, counts, cost } = Told.shape

const row = z.object({ selection: Id, policy, pattern, chosen, candidates: Candidates, counts, cost, at: StoredInstant })

const project: Project<typeof row, 'selection', SelectionEvent> = {
  AgentsSelected: ({ id: selection, at, data: { policy, pattern, chosen, candidates, counts, cost } }) =>
    [{ put: { selection, policy, pattern, chosen, candidates, counts, cost, at } }],
}

export const selections = readModel({
  name: 'selection',
  about: 'Which agents were chosen, for which pattern, and who else came into question. The newest first.',
  version: 1,
  path: '/selections',
  row,
  key: ['selection'],
  filters: ['policy'],
  sorts: ['at'],
  sort: '-at',
  project,
})
