import { decider } from '../../kernel/decider.ts'
import { ending } from './ending.ts'
import { opening } from './opening.ts'
import { rejections } from './rejections.ts'
import { decisionState } from './state.ts'
import { voting } from './voting.ts'

export const decision = decider(decisionState, {
  collection: 'decisions',
  rejections,
  commands: { ...opening, ...voting, ...ending },
})
