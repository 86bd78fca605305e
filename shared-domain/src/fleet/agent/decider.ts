import { decider } from '../../kernel/decider.ts'
import { peers } from './peers.ts'
import { profile } from './profile.ts'
import { rejections } from './rejections.ts'
import { slots } from './slots.ts'
import { agentState } from './state.ts'
import { status } from './status.ts'
import { supervisor } from './supervisor.ts'
import { versions } from './versions.ts'

export const agent = decider(agentState, {
  collection: 'agents',
  rejections,
  commands: { ...profile, ...status, ...versions, ...supervisor, ...peers, ...slots },
})
