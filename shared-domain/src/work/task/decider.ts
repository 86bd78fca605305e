import { decider } from '../../kernel/decider.ts'
import { approvals } from './approvals.ts'
import { assigning } from './assigning.ts'
import { blocks } from './blocks.ts'
import { clock } from './clock.ts'
import { conflictHolds } from './conflict-holds.ts'
import { deferring } from './deferring.ts'
import { delegating } from './delegating.ts'
import { dependencies } from './dependencies.ts'
import { edit } from './edit.ts'
import { escalation } from './escalation.ts'
import { evening } from './evening.ts'
import { help } from './help.ts'
import { lease } from './lease.ts'
import { lifecycle } from './lifecycle.ts'
import { moves } from './moves.ts'
import { records } from './records.ts'
import { redelegating } from './redelegating.ts'
import { olderBulk } from './older-words.ts'
import { rejections } from './rejections.ts'
import { start } from './start.ts'
import { taskState } from './state.ts'
import { unassigning } from './unassigning.ts'

export const task = decider(taskState, {
  collection: 'tasks',
  rejections,
  commands: {
    ...lifecycle, ...edit, ...dependencies, ...start, ...lease, ...blocks, ...conflictHolds,
    ...escalation, ...moves, ...delegating, ...redelegating,
    ...evening, ...deferring,
    ...assigning, ...unassigning, ...help, ...approvals, ...clock, ...records,
  },
  bulk: {
    about: 'Do the same with many tasks.',
    ids_max: 100,
    aliases: olderBulk,
    actions: {
      assign: 'assign', unassign: 'unassign', cancel: 'cancel', reopen: 'reopen', retry: 'retry', delegate: 'delegate', edit: 'edit',
    },
  },
})
