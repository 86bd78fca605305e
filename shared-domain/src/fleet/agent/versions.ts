import { z } from 'zod'
import { reject } from '../../kernel/decider.ts'
import { digestOf } from '../../kernel/digest.ts'
import { jsonObject, text } from '../../vocabulary.ts'
import { Agent } from './events.ts'
import { open, room } from './guards.ts'

const versions_max = 100

export const versions = room({
  publishVersion: {
    about: 'Publish a version of the agent, which is the current one from then on. A checksum is compared with the manifest as it is kept.',
    route: 'POST /agents/:id/versions',
    data: z.object({
      version: text(100),
      manifest: jsonObject(32 * 1024),
      checksum: z.string().regex(/^[0-9a-f]{64}$/i, { error: 'is not a SHA-256 in hex' }).toLowerCase().optional(),
    }),
    decide: (state, { version, manifest, checksum: said }, context) => open(state, 'publishVersion', context, (agent) => {
      const checksum = digestOf(manifest)
      if (said !== undefined && said !== checksum) {
        const message = `is not the SHA-256 of the manifest as canonical JSON, which is ${checksum}`
        return reject('VALIDATION_ERROR', { errors: [{ pointer: '/checksum', message }] })
      }
      const known = agent.versions.get(version)
      if (known !== undefined) return known === checksum ? [] : reject('ALREADY_EXISTS', { version, checksum: known })
      if (agent.versions.size >= versions_max) return reject('LIMIT_REACHED', { max: versions_max })
      const { orchestrator } = agent.profile
      return [Agent.AgentVersionPublished({ orchestrator, version, no: agent.versions.size + 1, manifest, checksum })]
    }),
  },
})
