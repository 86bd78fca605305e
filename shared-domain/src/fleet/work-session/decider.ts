import { decider } from '../../kernel/decider.ts'
import { ending } from './ending.ts'
import { rejections } from './rejections.ts'
import { running } from './running.ts'
import { spawning } from './spawning.ts'
import { workSessionState } from './state.ts'

export const workSession = decider(workSessionState, {
  collection: 'work-sessions', rejections, commands: { ...spawning, ...running, ...ending },
})
