import { commandsOf, type Rejection } from '../../kernel/decider.ts'
import type { CapacityEvent } from './events.ts'
import type { rejections } from './rejections.ts'
import type { CapacityState } from './state.ts'

type Code = keyof typeof rejections
export type Decision = readonly CapacityEvent[] | Rejection<Code>

/** Some of the commands of a capacity. */
export const room = commandsOf<CapacityState, CapacityEvent, Code>()
