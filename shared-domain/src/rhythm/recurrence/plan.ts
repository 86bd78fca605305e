import { z } from 'zod'
import { atMost, OrchestratorId, Priority, StoredInstant, text } from '../../vocabulary.ts'
import { fields } from '../../work/task/edit.ts'
import type { Rota } from '../due.ts'
import { patternsOf, Rule, Zone } from '../rule.ts'

/** What each of its tasks is asked for with. */
export const Template = z.object({
  title: text(200),
  description: z.string().max(2_000).nullable(),
  priority: Priority,
  estimatedHours: fields.estimatedHours.nullable(),
  tags: fields.tags,
  requiredCapabilities: fields.requiredCapabilities,
  dueAfter_s: z.int().min(60).max(31_536_000).describe('So long after its time the task is due, in seconds.').nullable(),
  // It is told with each of up to a hundred times that are made up for in one append.
}).refine(...atMost(8 * 1024))
export type Template = z.output<typeof Template>

/** What comes round, when, and what is made of times that were missed. */
export const Plan = z.object({
  owner: OrchestratorId,
  template: Template,
  rule: Rule,
  zone: Zone,
  jitter_s: z.int().min(0).max(3_600).describe('Each time comes up to so many seconds later, always the same.'),
  catchUp: z.enum(['none', 'one', 'all']).describe('Which of the times that were missed are made up for: none, the latest, or all.'),
  catchUpMax: z.int().min(1).max(100).describe('With `all`, the latest so many.'),
  late_s: z.int().min(0).max(86_400).describe('What comes later than by so many seconds was missed.'),
  overlap: z.enum(['allow', 'skip']).describe('Whether a time is skipped while the task of the last one is open.'),
  maxRuns: z.int().min(1).max(1_000_000).nullable(),
  until: StoredInstant.nullable(),
})
export type Plan = z.output<typeof Plan>

/** The clocks and patterns by which it is due. */
export const rotaOf = ({ rule, zone }: Pick<Plan, 'rule' | 'zone'>): Rota => ({ patterns: patternsOf(rule), zone })
