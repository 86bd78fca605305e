import t from 'tap'
import { picture, recorded } from '../../kernel/picture.ts'
import { admin, now, subject, uuid } from '../../kernel/testing.ts'
import { Task } from './events.ts'
import { notes, ratings, timeRecords } from './record-rows.ts'
import { owner } from './scene.ts'
import { taskState } from './state.ts'

t.test('W-7 every note is a row, with who left it and as what', async (t) => {
  const noted = Task.TaskNoted({ owner, text: 'found it', artifacts: [], hoursSpent: 2, role: 'other' })
  picture(t, notes).after(recorded(taskState, noted, { revision: 3, by: admin }))
    .shows({ task: subject, revision: 3, text: 'found it', artifacts: [], hours_spent: 2, role: 'other', by: 'ada', at: now })
})

t.test('W-52 every record of hours is a row', async (t) => {
  const told = Task.TaskTimeRecorded({
    owner, estimatedHours: 4, actualHours: 5, variance: 1, accuracy: 80, source: 'given', notes: null,
  })
  picture(t, timeRecords).after(recorded(taskState, told, { revision: 3 })).shows({
    task: subject, revision: 3, owner, estimated_hours: 4, actual_hours: 5, variance: 1, accuracy: 80, source: 'given', notes: null,
    at: now,
  })
})

t.test('W-53 what each key thinks of each side of a result is a row; another opinion of it replaces that', async (t) => {
  const rated = (rating: number, category: 'overall' | 'accuracy') =>
    Task.TaskQualityRated({ owner, rating, category, comments: 'well', previous: null, agent: uuid(700) } as never)
  const row = { task: subject, by: 'ada', comments: 'well', owner, agent: uuid(700), at: now }
  const facts = [rated(4, 'overall'), rated(3, 'accuracy'), rated(5, 'overall')]
  picture(t, ratings).after(...facts.map((fact, revision) => recorded(taskState, fact, { revision, by: admin })))
    .shows({ ...row, category: 'overall', rating: 5 }, { ...row, category: 'accuracy', rating: 3 })
})
