import { capacity } from './fleet/capacity/decider.ts'
import { apiKey } from './fleet/key/decider.ts'
import { orchestrator } from './fleet/orchestrator/decider.ts'
import type { Choice } from './kernel/choice.ts'
import type { Decider } from './kernel/decider.ts'
import type { Process } from './kernel/process.ts'
import type { ReadModel } from './kernel/read-model.ts'
import { timeline } from './overview/timeline.ts'

export const deciders: readonly Decider[] = [orchestrator, apiKey, capacity]
export const readModels: readonly ReadModel[] = [timeline]
export const processes: readonly Process[] = []
export const choices: readonly Choice[] = []
