import { digestOf } from '../../kernel/digest.ts'
import type { Task } from './events.ts'

type Changed = ReturnType<typeof Task.TaskDetailsChanged>['data']['changed']
type Before = ReturnType<typeof Task.TaskDetailsChanged>['data']['before']

/** What is known of the fields of a task that have no fact of their own: of the description and the metadata their digest. */
export type Details = { readonly [Name in keyof Before]-?: Exclude<Before[Name], undefined> }

/** Fields as they are known of a task. */
export function knownOf<Fields extends Changed>(fields: Fields): Before {
  const { description, metadata, ...plain } = fields
  return {
    ...plain,
    ...(description === undefined ? {} : { description: description === null ? null : digestOf(description) }),
    ...(metadata === undefined ? {} : { metadata: digestOf(metadata) }),
  }
}

export function detailsOf(said: Required<Changed>): Details {
  const {
    title, description, estimatedHours, tags, requiredCapabilities, maxRetries, metadata, workspace, channel, storyPoints,
  } = said
  return knownOf({
    title, description, estimatedHours, tags, requiredCapabilities, maxRetries, metadata, workspace, channel, storyPoints,
  }) as Details
}

/** What a wish changes of the fields that have no fact of their own, and how those are now. Nothing, when all is so already. */
export function differing(details: Details, wish: Changed): { readonly changed: Changed; readonly before: Before } | undefined {
  const wanted = knownOf(wish) as Readonly<Record<string, unknown>>
  const names = Object.keys(wanted).filter((name) =>
    wanted[name] !== undefined && digestOf(wanted[name]) !== digestOf(details[name as keyof Details]))
  if (names.length === 0) return undefined
  const only = (from: object) => Object.fromEntries(names.map((name) => [name, from[name as never]]))
  return { changed: only(wish), before: only(details) }
}
