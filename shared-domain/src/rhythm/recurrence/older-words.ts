import { z } from 'zod'
import { reject, type OlderWords } from '../../kernel/decider.ts'
import { priorities } from '../../vocabulary.ts'
import { days } from '../calendar/slots.ts'
import { Template } from './plan.ts'
import type { RecurrenceState } from './state.ts'

const collection = '/orchestrators/:owner/recurring-tasks'

const Frequency = z.string().max(10).toUpperCase().pipe(z.enum(['DAILY', 'WEEKLY', 'MONTHLY']))
const OlderPriority = z.enum(['URGENT', ...priorities]).transform((said) => (said === 'URGENT' ? 'CRITICAL' : said))
/** From 0 for Sunday to 6 for Saturday. */
const Weekday = z.int().min(0).max(6)

const { shape } = Template

const template = {
  title: shape.title, description: shape.description.optional(), priority: OlderPriority.optional(),
  estimatedHours: shape.estimatedHours.optional(), tags: shape.tags.optional(), requiredCapabilities: shape.requiredCapabilities.optional(),
}

const named = (day: unknown) => days[(Number(day) + 6) % 7]!

export const olderRecurring = {
  define: [{
    route: `POST ${collection}`,
    about: '`dayOfWeek` counts from 0 for Sunday, one or several.',
    fields: {
      ...template, frequency: Frequency, dayOfWeek: z.union([Weekday, z.array(Weekday).max(7)]).optional(),
      dayOfMonth: z.int().min(1).max(31).optional(), scheduledTime: z.string().max(5), timezone: 'zone',
    },
    without: ['template', 'rule'],
    say({ frequency: kind, dayOfWeek = [], dayOfMonth: day, scheduledTime: time, ...said }) {
      const wanted = Object.fromEntries(Object.keys(template).filter((name) => said[name] !== undefined).map((name) => [name, said[name]]))
      const when = { DAILY: {}, WEEKLY: { days: [dayOfWeek].flat().map(named) }, MONTHLY: { day } }[kind as z.output<typeof Frequency>]
      return { ...said, template: wanted, rule: { kind, time, ...when } }
    },
  }],
  end: [{
    route: `DELETE ${collection}/:id`,
    guard: (state, { owner }) => (state.stage !== 'unknown' && state.plan.owner === owner ? undefined : reject('NOT_FOUND')),
  }],
} satisfies Readonly<Record<string, readonly OlderWords<RecurrenceState>[]>>
