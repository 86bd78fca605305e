import { z } from 'zod'
import { reject, type OlderWords } from '../../kernel/decider.ts'
import { priorities, type Priority } from '../../vocabulary.ts'
import type { TaskState } from './state.ts'

type Older = readonly OlderWords<TaskState>[]

const levels: Readonly<Record<string, Priority>> = { P0: 'CRITICAL', P1: 'HIGH', P2: 'MEDIUM', P3: 'LOW' }

/** A priority by its name or its level, P0 the highest. */
export const OlderPriority = z.enum([...priorities, 'P0', 'P1', 'P2', 'P3']).transform((said) => levels[said] ?? said as Priority)

const dueDate = { dueDate: 'dueAt' }
const priority = { priority: OlderPriority.optional() }

/** The orchestrator in the path must own the task that the body names. */
const ofOwner = {
  about: 'The orchestrator in the path must own the task, else `INVALID_OWNERSHIP`.',
  guard: (task, { orchestrator }) =>
    (task.status !== 'NONE' && task.owner !== orchestrator ? reject('INVALID_OWNERSHIP', { owner: task.owner }) : undefined),
} satisfies Partial<OlderWords<TaskState>>

/** What older systems call the commands of a task. */
export const olderWords = {
  delegate: [{
    ...ofOwner, route: 'POST /orchestrators/:orchestrator/delegate', id: 'taskId', fields: { toVpId: 'to', ...dueDate, ...priority },
  }],
} satisfies Readonly<Record<string, Older>>
