import { decider } from '../../kernel/decider.ts'
import { approvals } from './approvals.ts'
import { blocks } from './blocks.ts'
import { dependencies } from './dependencies.ts'
import { escalation } from './escalation.ts'
import { help } from './help.ts'
import { lease } from './lease.ts'
import { lifecycle } from './lifecycle.ts'
import { moves } from './moves.ts'
import { rejections } from './rejections.ts'
import { start } from './start.ts'
import { taskState } from './state.ts'

export const task = decider(taskState, {
  collection: 'tasks',
  rejections,
  commands: { ...lifecycle, ...dependencies, ...start, ...lease, ...blocks, ...escalation, ...moves, ...help, ...approvals },
})
