import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { later } from '../kernel/time.ts'
import { apiKey, rotation_ms } from './key/decider.ts'
import type { ApiKeyEvent } from './key/events.ts'

const keyOf = (key: string) => `rotation-${key}`

export const rotation = process<ApiKeyEvent>({
  name: 'rotation',
  about: 'Revokes a key once another has taken its place, and lets it be rotated again when none has.',
  react: {
    ApiKeyRotationReserved: ({ id, at, data: { successor } }) =>
      [send(apiKey, id, 'releaseRotation', { successor }, { due: later(at, rotation_ms), key: keyOf(id) })],
    ApiKeyRotationReleased: ({ id }) => [forget(keyOf(id))],
    ApiKeyGenerated: ({ data: { replaces } }) => (replaces ? [send(apiKey, replaces, 'retire', {}), forget(keyOf(replaces))] : []),
  },
})
