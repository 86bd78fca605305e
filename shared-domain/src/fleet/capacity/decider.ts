import { decider } from '../../kernel/decider.ts'
import { queue } from './queue.ts'
import { reconciling } from './reconciling.ts'
import { rejections } from './rejections.ts'
import { setting } from './setting.ts'
import { slots } from './slots.ts'
import { capacityState } from './state.ts'
import { talks } from './talks.ts'

export const capacity = decider(capacityState, {
  collection: 'capacity',
  rejections,
  commands: { ...setting, ...slots, ...queue, ...talks, ...reconciling },
})
