import type { Document } from './api.ts'

const titles: readonly (readonly [field: string, title: string])[] = [
  ['lastHandoff', 'Handed over'], ['notes', 'Notes'], ['dependencies', 'What it rests on'], ['dependents', 'What waits for it'],
  ['collaborators', 'Who helps'], ['decisions', 'Decisions about it'], ['escalations', 'Escalations'], ['attempts', 'Earlier attempts'],
  ['memory', 'What is known'], ['related', 'Related work'], ['charter', 'Charter'],
]

const isEmpty = (part: unknown) => part === null || part === undefined || (Array.isArray(part) && part.length === 0)

const shown = (part: unknown): string =>
  (Array.isArray(part) ? part.map((item) => `- ${JSON.stringify(item)}`).join('\n') : JSON.stringify(part, null, 2))

/** What is known of a task, as a text for whoever is to do it. */
export function promptOf(context: Document): string {
  const { task } = context
  const about = [
    `# ${task.title}`,
    ...(task.description ? [task.description] : []),
    `Priority ${task.priority}${task.due_at ? `, due ${task.due_at}` : ''}${task.attempt > 0 ? `, tried ${task.attempt} times before` : ''}.`,
    ...(Object.keys(task.metadata ?? {}).length > 0 ? [`## Besides\n\n${shown(task.metadata)}`] : []),
  ]
  const parts = titles.flatMap(([field, title]) => (isEmpty(context[field]) ? [] : [`## ${title}\n\n${shown(context[field])}`]))
  return `${[...about, ...parts].join('\n\n')}\n`
}

/** The same for programs that read JSON. */
export const jsonOf = (context: Document): string =>
  `${JSON.stringify({ task: context.task, context, snapshot: context.lastHandoff ?? null })}\n`
