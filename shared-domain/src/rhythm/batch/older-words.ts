import { z } from 'zod'
import type { OlderWords } from '../../kernel/decider.ts'
import { TaskId, TimeZone } from '../../vocabulary.ts'
import { Window } from '../windows.ts'
import { BatchCommand, Filter, items_max } from './plan.ts'
import type { BatchState } from './state.ts'

const { owners, ...filters } = Filter.shape

export const olderProcessing: readonly OlderWords<BatchState>[] = [{
  route: 'POST /orchestrators/batch/process',
  about: 'The tasks that are named, else those of these orchestrators that fit the filter; started unless it says otherwise.',
  fields: {
    taskIds: z.array(TaskId).min(1).max(items_max).optional(), taskFilter: z.object(filters).optional(), vpIds: owners,
    command: BatchCommand.optional(), name: z.string().max(200).optional(),
    window: Window.extend({ timezone: TimeZone.optional() }).optional(),
  },
  without: ['select', 'windows', 'zone', 'when', 'run'],
  say({ taskIds, taskFilter, vpIds, command = 'start', name = 'batch', window, ...said }) {
    const { timezone = 'UTC', ...open } = (window ?? {}) as { timezone?: string }
    const filter = { ...Object(taskFilter), ...(vpIds ? { owners: vpIds } : {}) }
    return {
      ...said, name, command, select: taskIds ? { tasks: taskIds } : { filter }, ...(window ? { windows: [open], zone: timezone } : {}),
    }
  },
}]
