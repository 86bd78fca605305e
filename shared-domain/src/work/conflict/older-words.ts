import { z } from 'zod'
import { digestOf } from '../../kernel/digest.ts'
import type { OlderWords } from '../../kernel/decider.ts'
import { Kind } from './events.ts'
import type { ConflictState } from './state.ts'

const kinds = Kind.options
const suffix = '_conflict'

/** `deadline_conflict` is a deadline. */
const OlderKind = z.enum([...kinds, ...kinds.map((kind) => `${kind}${suffix}` as const)])
  .transform((said) => Kind.parse(said.replace(suffix, '')))

/** What older systems call the commands of a conflict. */
export const olderWords = {
  open: [{
    route: 'POST /orchestrators/conflicts',
    about: 'Without a task the subject is the digest of the sorted orchestrators; a resolution that is given is one of the strategy other.',
    fields: { vpIds: 'orchestrators', conflictType: OlderKind, taskId: 'task' },
    without: ['kind', 'subject', 'strategy'],
    say: ({ conflictType, ...said }) => ({
      ...said, kind: conflictType,
      ...(said.task === undefined ? { subject: digestOf([...said.orchestrators as string[]].sort()) } : {}),
    }),
  }],
} satisfies Readonly<Record<string, readonly OlderWords<ConflictState>[]>>
