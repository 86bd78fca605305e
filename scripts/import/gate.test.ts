import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { Gates } from './gate.ts'

t.test('no more is under way than there is room for, whatever ends first, and what is planned to fit all gets through', async () => {
  // A plan: begin, or end what was begun longest ago, never with more begun than there is room for.
  const plan = fc.array(fc.boolean(), { maxLength: 60, size: 'max' })
  await fc.assert(fc.asyncProperty(plan, fc.integer({ min: 1, max: 4 }), fc.infiniteStream(fc.nat(3)), async (steps, room, waits) => {
    const gates = new Gates(room)
    const pause = async () => { for (let n = waits.next().value; n > 0; n--) await turn() }
    const runs: Promise<void>[] = []
    let [begun, ended, underWay] = [0, 0, 0]
    for (const isBegin of steps) {
      if (isBegin && begun - ended < room) {
        const nth = ++begun
        runs.push(pause().then(() => gates.enter('ada', nth)).then(() => {
          if (++underWay > room) throw new Error(`${underWay} are under way`)
        }))
      } else if (ended < begun) {
        const run = runs[ended]!
        runs[ended++] = run.then(pause).then(() => {
          underWay--
          gates.leave('ada')
        })
      }
    }
    await Promise.all(runs)
  }), { seed: 2030, numRuns: 200 })
})

t.test('one waits for nobody else\'s ends, and at the end nobody waits', async (t) => {
  const gates = new Gates(1)
  await gates.enter('ada', 1)
  await gates.enter('bob', 1)
  let isIn = false
  const waiting = gates.enter('ada', 2).then(() => { isIn = true })
  gates.leave('bob')
  await turn()
  t.notOk(isIn)
  gates.open()
  await waiting
  await gates.enter('ada', 9)
})
