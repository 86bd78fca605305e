import { decider } from '../../kernel/decider.ts'
import { ending } from './ending.ts'
import { forming } from './forming.ts'
import { membership } from './membership.ts'
import { rejections } from './rejections.ts'
import { replacing } from './replacing.ts'
import { ensembleState } from './state.ts'

export const ensemble = decider(ensembleState, {
  collection: 'orchestration/sessions',
  rejections,
  commands: { ...forming, ...membership, ...replacing, ...ending },
})
