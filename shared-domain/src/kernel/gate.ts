import type { Command, Context, Decider, Hold, Rejection } from './decider.ts'
import type { Intent } from './intent.ts'
import type { Refusals } from './refusal.ts'

/** What somebody asks for, in the words of the domain and as it was said. */
export interface Wish {
  readonly decider: Pick<Decider, 'category' | 'collection'>
  readonly name: string
  readonly command: Pick<Command, 'gated'>
  readonly said: Said
}

/** How it was asked for from outside. */
export interface Said {
  /** The stream that the path names; none where one is made, or follows from what is said. */
  readonly id: string | undefined
  /** What path and body say besides, without secrets. */
  readonly payload: Readonly<Record<string, unknown>>
}

/** Why something may not be done just so. */
export interface Barrier {
  /** The answer, unless there is a hold that opens the gate. */
  readonly refusal: Rejection
  /** What is taken if the decision leads on; when it is refused, or there is none, so is the wish. */
  readonly hold?: Hold | undefined
  /** What is to be written down of the refusal. */
  readonly record?: Intent | undefined
}

/** What every command of a kind passes before it is decided, but for repetitions. */
export interface Gate<Code extends string = string> {
  readonly about: string
  readonly rejections: Refusals<Code>
  /** Whether it is asked about the command at all. */
  readonly guards: (command: Pick<Command, 'gated' | 'internal' | 'scope'>) => boolean
  /** Undefined where the way is free. It looks at other streams as they stood a moment ago. */
  readonly ask: (wish: Wish, context: Context) => Barrier | undefined
}
