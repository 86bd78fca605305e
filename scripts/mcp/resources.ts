import type { Acting } from './tool.ts'

export interface Resource {
  readonly uri: string
  readonly name: string
  readonly description: string
}

export const resources: readonly Resource[] = [
  { uri: 'baton://backlog', name: 'backlog', description: 'What the orchestrator has to do, the most pressing first; without one of its own, the open tasks of all.' },
  { uri: 'baton://decisions', name: 'decisions', description: 'The decisions that are open.' },
]

export const templates = [
  { uriTemplate: 'baton://tasks/{id}', name: 'task', description: 'A task as it stands.' },
  { uriTemplate: 'baton://context/{task}', name: 'context', description: 'What whoever takes the task up should know of it.' },
] as const

const uuid = '[0-9a-fA-F-]{36}'
const ofTask = new RegExp(`^baton://(tasks|context)/(${uuid})$`)

const pathOf = (uri: string, { orchestrator }: Pick<Acting, 'orchestrator'>): string | undefined => {
  if (uri === 'baton://decisions') return '/decisions?status=pending'
  if (uri === 'baton://backlog') return orchestrator === undefined ? '/tasks?status=TODO' : `/orchestrators/${orchestrator}/backlog`
  const [, kind, task] = ofTask.exec(uri) ?? []
  return task && (kind === 'tasks' ? `/tasks/${task}` : `/tasks/${task}/context`)
}

/** What a resource says, undefined where there is none of this name. */
export async function read(uri: string, acting: Acting): Promise<unknown> {
  const path = pathOf(uri, acting)
  return path && acting.api.get(path)
}

/** Which of the subscribed resources may say something else after a fact of this stream. */
export function touchedBy(stream: string, subscribed: Iterable<string>): readonly string[] {
  const [category = '', id] = stream.split(/-(.*)/s)
  return [...subscribed].filter((uri) => {
    if (uri === 'baton://decisions') return category === 'decision'
    if (uri === 'baton://backlog') return category === 'task'
    return category === 'task' && ofTask.exec(uri)?.[2]?.toLowerCase() === id
  })
}
