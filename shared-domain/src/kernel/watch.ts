import type { Decider } from './decider.ts'
import type { Recorded } from './fact.ts'
import { forget, type Intent } from './intent.ts'
import { process, type Process } from './process.ts'
import { later, type Instant } from './time.ts'

/**
 * A silence that becomes a fact. From the facts that begin it until those that end it, a stream is waited for: when it tells the signal
 * no more for `silence_ms`, it is lost; when it tells it again, `run` times, each less than `gap_ms` after the last, it is back.
 */
export interface Watch {
  readonly name: string
  readonly about: string
  readonly over: Pick<Decider, 'category' | 'commands'>
  /** The name of the command that is the signal. */
  readonly signal: string
  readonly begins: readonly string[]
  readonly ends: readonly string[]
  readonly silence_ms: number
  readonly run: number
  readonly gap_ms: number
  /** What both commands are told, of what the fact or the signal says. */
  readonly of: (said: any) => object
  /** An internal command, which is told besides when the signal was `lastSeen`. */
  readonly lost: string
  /** An internal command, which is told besides since when it is `heard` again. */
  readonly back: string
}

/** The timer that waits for the end of a silence. */
export const watchKey = ({ name }: Pick<Watch, 'name'>, id: string): string => `${name}-${id}`

export function lostAfter(watch: Watch, id: string, said: unknown, lastSeen: Instant): Intent {
  const { over: { category }, lost, of, silence_ms } = watch
  return {
    category, id, command: lost, data: { ...of(said), lastSeen },
    due: later(lastSeen, silence_ms), key: watchKey(watch, id), patience_ms: silence_ms,
  }
}

export const backAgain = ({ over: { category }, back, of }: Watch, id: string, said: unknown, heard: Instant): Intent =>
  ({ category, id, command: back, data: { ...of(said), heard } })

/** What begins and ends the wait; whoever writes the signals puts off its end. */
export function watching(watch: Watch): Process {
  const { name, about, begins, ends } = watch
  const begun = ({ id, at, data }: Recorded) => [lostAfter(watch, id, data, at)]
  const ended = ({ id }: Recorded) => [forget(watchKey(watch, id))]
  return process({
    name, about, react: Object.fromEntries([...begins.map((type) => [type, begun]), ...ends.map((type) => [type, ended])]),
  })
}
