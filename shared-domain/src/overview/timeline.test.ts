import t from 'tap'
import { ApiKey } from '../fleet/key/events.ts'
import { apiKeyState } from '../fleet/key/state.ts'
import { picture, recorded } from '../kernel/picture.ts'
import { admin, now, subject, uuid } from '../kernel/testing.ts'
import { Task } from '../work/task/events.ts'
import { taskState } from '../work/task/state.ts'
import { timeline } from './timeline.ts'

const owner = uuid(11)
const progressed = (message: string) => Task.TaskProgressed({
  owner, token: '1', percentage: 40, message, metadata: { deep: 'down' }, hoursSpent: null, previous: null,
})

t.test('F-91 whatever happens to a thing is told in a line: who, when, where in the log, in the words of the fact', async (t) => {
  const reopened = Task.TaskReopened({ owner, from: 'CANCELLED', reason: 'needed', slaDeadline: null, dependsOn: null })
  picture(t, timeline).after(
    recorded(taskState, progressed('half'), { revision: 4, position: '90071992547409931', by: admin }),
    recorded(taskState, reopened, { revision: 5, position: '90071992547409999', imported: true }),
  ).shows(
    {
      stream: `task-${subject}`, revision: 4, log_position: '90071992547409931', type: 'TaskProgressed', at: now, by_kind: 'admin',
      by_id: 'ada',
      imported: false, summary: `owner: ${owner}, token: 1, percentage: 40, message: half`, recipient: owner,
    },
    {
      stream: `task-${subject}`, revision: 5, log_position: '90071992547409999', type: 'TaskReopened', at: now, by_kind: 'process',
      by_id: 'test',
      imported: true, summary: `owner: ${owner}, from: CANCELLED, reason: needed`, recipient: owner,
    },
  )
})

t.test('a line is short', async (t) => {
  const [row] = timeline.every!(recorded(taskState, progressed('x'.repeat(1_000)))) as readonly any[]
  t.equal(row.put.summary.length, 500)
})

t.test('S-31 a line does not hold the hash of a key', async (t) => {
  const hash = 'f'.repeat(64)
  const generated = ApiKey.ApiKeyGenerated({
    orchestrator: null, name: 'ci', hash, prefix: 'bk_ffff', scopes: ['read'], expiresAt: null, replaces: null,
    agent: null, daemon: null, ratePerMinute: null, overlap_s: 0,
  })
  picture(t, timeline).after(recorded(apiKeyState, generated)).matches({ summary: 'name: ci, prefix: bk_ffff', recipient: null })
})
