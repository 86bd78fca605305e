import { readModel, type Project } from '../../kernel/read-model.ts'
import { Id, StoredInstant } from '../../vocabulary.ts'
import { Post, type StatusPostEvent } from './events.ts'

const row = Post.extend({ post: Id, at: StoredInstant })

const project: Project<typeof row, 'post', StatusPostEvent> = {
  OrchestratorStatusPosted: ({ id: post, at, data }) => [{ put: { post, ...data, at } }],
}

export const posts = readModel({
  name: 'status_post',
  about: 'What orchestrators told of how things stand, the newest first.',
  version: 1,
  path: '/posts',
  row,
  key: ['post'],
  filters: ['orchestrator', 'kind', 'task'],
  sorts: ['at'],
  sort: '-at',
  indexes: [['orchestrator', 'at']],
  project,
})
