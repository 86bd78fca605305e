import { forget } from '../kernel/intent.ts'
import { process, send } from '../kernel/process.ts'
import { later, second_ms } from '../kernel/time.ts'
import { apiKey, rotation_ms } from './key/decider.ts'
import type { ApiKeyEvent } from './key/events.ts'

const keyOf = (key: string) => `rotation-${key}`

export const rotation = process<ApiKeyEvent>({
  name: 'rotation',
  about: 'Revokes a key once another has taken its place and both were taken long enough, and lets it be rotated again when none has.',
  react: {
    ApiKeyRotationReserved: ({ id, at, data: { successor } }) =>
      [send(apiKey, id, 'releaseRotation', { successor }, { due: later(at, rotation_ms), key: keyOf(id) })],
    ApiKeyRotationReleased: ({ id }) => [forget(keyOf(id))],
    ApiKeyGenerated({ at, data: { replaces, overlap_s } }) {
      if (replaces === null) return []
      // Of two timers of one name the later is meant: the place is taken now, and nothing gives the key free.
      if (overlap_s > 0) return [send(apiKey, replaces, 'retire', {}, { due: later(at, overlap_s * second_ms), key: keyOf(replaces) })]
      return [send(apiKey, replaces, 'retire', {}), forget(keyOf(replaces))]
    },
  },
})
