import { decider } from '../../kernel/decider.ts'
import { drift } from './drift.ts'
import { rejections } from './rejections.ts'
import { charterState } from './state.ts'
import { versions } from './versions.ts'

export const charter = decider(charterState, { collection: 'charters', rejections, commands: { ...versions, ...drift } })
