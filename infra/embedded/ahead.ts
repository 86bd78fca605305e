/**
 * Loaded before a program that a test starts (`node --import`): the program's clock is ahead of the machine's by as many milliseconds as
 * the file AHEAD_FILE says, so that what is due in a day is due when the test wants it.
 */
import { readFileSync } from 'node:fs'

/** How old what was read of the file may be. */
const look_ms = 20
const file = process.env.AHEAD_FILE

if (file !== undefined) {
  const { now } = Date
  let ahead_ms = 0
  let looked_ms = -Infinity
  const ahead = () => {
    if (performance.now() - looked_ms >= look_ms) {
      looked_ms = performance.now()
      ahead_ms = Number(readFileSync(file, 'utf8'))
    }
    return now() + ahead_ms
  }
  globalThis.Date = new Proxy(Date, {
    get: (date, name, receiver) => (name === 'now' ? ahead : Reflect.get(date, name, receiver)),
    construct: (date, args, receiver) => Reflect.construct(date, args.length === 0 ? [ahead()] : args, receiver),
  })
}
