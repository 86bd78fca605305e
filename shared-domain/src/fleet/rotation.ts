import { process, send } from '../kernel/process.ts'
import { apiKey } from './key/decider.ts'
import type { ApiKeyEvent } from './key/events.ts'

export const rotation = process<ApiKeyEvent>({
  name: 'rotation',
  about: 'Revokes a key once another has taken its place.',
  react: {
    ApiKeyGenerated: ({ data: { replaces } }) => (replaces ? [send(apiKey, replaces, 'retire', {})] : []),
  },
})
