import { z } from 'zod'
import { columnsIn, rowsOf } from '../../kernel/grounds.ts'
import { asks, question } from '../../kernel/question.ts'
import { TaskId } from '../../vocabulary.ts'
import { backlog } from '../task/backlog.ts'
import { waits } from '../task/waits.ts'

const [nodes_max, edges_max, steps_max] = [200, 1_000, 8]

const Node = backlog.row.pick({ task: true, title: true, status: true, priority: true, owner: true, progress: true })
const Edge = waits.row.pick({ task: true, depends_on: true })
type Edge = z.output<typeof Edge>

/** The nearest tasks first: those that it waits for and those that wait for it, then what they have to do with. */
export const taskGraph = question({
  name: 'taskGraph',
  about: 'The tasks that hang together with a task by what waits for what: the nearest 200, up to 8 steps away; `cut` if there are more.',
  path: '/tasks/:task/graph',
  params: z.object({ task: TaskId }),
  answer: z.object({ tasks: z.array(Node).max(nodes_max), waits: z.array(Edge).max(2 * steps_max * edges_max), cut: z.boolean() }),
  reads: [backlog, waits],
  statements_max: steps_max + 1,
  *reply({ params: { task } }) {
    const edges = new Map<string, Edge>()
    const reached = new Set([task])
    let edge: readonly z.output<typeof TaskId>[] = [task]
    let isCut = false
    for (let steps = 0; steps < steps_max && edge.length > 0 && !isCut; steps++) {
      const { before, after } = yield* asks({
        before: rowsOf(waits, { columns: columnsIn(Edge), where: { task: edge }, limit: edges_max }),
        after: rowsOf(waits, { columns: columnsIn(Edge), where: { depends_on: edge }, limit: edges_max }),
      })
      const found = [...before, ...after]
      for (const one of found) edges.set(`${one.task} ${one.depends_on}`, one)
      const fresh = [...new Set(found.flatMap((one) => [one.task, one.depends_on]))].filter((one) => !reached.has(one))
      edge = fresh.slice(0, nodes_max - reached.size)
      isCut = edge.length < fresh.length || before.length === edges_max || after.length === edges_max
      for (const one of edge) reached.add(one)
    }
    const { tasks } = yield* asks({ tasks: rowsOf(backlog, { columns: columnsIn(Node), where: { task: [...reached] }, limit: nodes_max }) })
    if (!tasks.some((one) => one.task === task)) return undefined
    const shown = new Set(tasks.map((one) => one.task))
    const between = [...edges.values()].filter((one) => shown.has(one.task) && shown.has(one.depends_on))
    return { tasks, waits: between, cut: isCut || edge.length > 0 }
  },
})
