import { decider } from '../../kernel/decider.ts'
import { beating } from './beating.ts'
import { connecting } from './connecting.ts'
import { ending } from './ending.ts'
import { rejections } from './rejections.ts'
import { daemonState } from './state.ts'

export const daemon = decider(daemonState, {
  collection: 'daemons', rejections, commands: { ...connecting, ...beating, ...ending },
})
