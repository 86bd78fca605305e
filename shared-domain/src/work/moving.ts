import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { task } from './task/decider.ts'
import type { TaskEvent } from './task/events.ts'

interface Move {
  readonly id: string
  readonly revision: number
  readonly data: { readonly answerBy: string | null; readonly finishBy: string | null }
}
interface Told { readonly id: string; readonly data: { readonly delegation: string } }

/** Only the youngest delegation of a task may still have to be answered. */
const answerKey = (id: string) => `answer-${id}`
const finishKey = (id: string, delegation: string) => `finish-${id}-${delegation}`

const moved = ({ id, revision, data: { answerBy, finishBy } }: Move) => {
  const delegation = String(revision)
  return [
    ...(answerBy ? [send(task, id, 'timeOut', { delegation }, { due: answerBy, key: answerKey(id) })] : []),
    ...(finishBy ? [send(task, id, 'timeOut', { delegation }, { due: finishBy, key: finishKey(id, delegation) })] : []),
  ]
}

/** A later return replaces what was to be tried after an earlier one. */
const againKey = (id: string) => `redelegate-${id}`

const answered = ({ id }: Told) => [forget(answerKey(id))]

export const moving = process<TaskEvent>({
  name: 'moving',
  about: 'Brings tasks back that were passed on and not answered for, or not finished, in time, and looks for somebody else.',
  react: {
    TaskDelegated: moved,
    TaskHandedOff: moved,
    DelegationAccepted: answered,
    DelegationStarted: answered,
    TaskReturned: ({ id, data: { delegation, retryAt } }) =>
      (retryAt === null ? [] : [send(task, id, 'redelegate', { delegation }, { due: retryAt, key: againKey(id) })]),
    DelegationEnded: ({ id, data: { delegation } }) => [forget(answerKey(id)), forget(finishKey(id, delegation))],
  },
})
