import { z } from 'zod'
import type { Said } from '../../kernel/alias.ts'
import { decider, mayActAs, reject } from '../../kernel/decider.ts'
import { busy, conflict, forbidden, unknown } from '../../kernel/refusal.ts'
import { quietNow } from '../../rhythm/schedule/quiet.ts'
import { text } from '../../vocabulary.ts'
import { orchestratorState } from '../orchestrator/state.ts'
import { kinds, Post, StatusPost } from './events.ts'
import { statusPostState } from './state.ts'

type Kind = (typeof kinds)[number]

const OlderKind = z.enum([...kinds, ...kinds.map((kind) => kind.toUpperCase() as Uppercase<Kind>)])
  .transform((said) => said.toLowerCase() as Kind)

const older = {
  fields: { content: 'message', message: 'message', channelId: text(200).optional(), statusType: OlderKind.default('progress') },
  without: ['kind', 'channels', 'task'],
  say: ({ channelId, statusType: kind, ...said }: Said) => ({ ...said, kind, channels: channelId === undefined ? [] : [channelId] }),
}

export const statusPost = decider(statusPostState, {
  collection: 'posts',
  rejections: {
    NOT_FOUND: unknown('There is no such orchestrator.'),
    FORBIDDEN: forbidden('Only the orchestrator itself or an admin may do this.'),
    INVALID_STATE_TRANSITION: conflict('The orchestrator has left.'),
    QUIET_HOURS: busy('The orchestrator is not to be heard at this hour.'),
  },

  commands: {
    post: {
      about: 'Tell how things stand, on these channels.',
      route: 'POST /orchestrators/:orchestrator/posts',
      aliases: ['status', 'status-update'].map((path) => ({ route: `POST /orchestrators/:orchestrator/${path}`, ...older })),
      creates: true,
      data: Post.extend({ channels: Post.shape.channels.default([]), task: Post.shape.task.default(null) }),
      decide({ isPosted }, post, context) {
        const known = context.look(orchestratorState, post.orchestrator)
        if (known.stage === 'unknown' || known.organization !== context.organization) return reject('NOT_FOUND')
        if (!mayActAs(context, post.orchestrator)) return reject('FORBIDDEN')
        if (isPosted) return []
        if (known.stage === 'archived') return reject('INVALID_STATE_TRANSITION', { action: 'post', status: 'ARCHIVED' })
        const quiet = quietNow(post.orchestrator, context)
        return quiet ? reject('QUIET_HOURS', quiet) : [StatusPost.OrchestratorStatusPosted(post)]
      },
    },
  },
})
