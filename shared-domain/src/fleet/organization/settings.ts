import { z } from 'zod'
import type { SettingValues } from '../../kernel/decider.ts'
import { Holidays } from '../../rhythm/holidays/shapes.ts'
import { isNetwork } from '../../kernel/destination.ts'
import { agentPolicyNames, nextPolicyNames, orchestratorPolicyNames } from '../../work/policies/names.ts'
import { Ladder } from '../../work/task/ladder.ts'
import { SlaHours } from '../../work/task/sla.ts'

/**
 * What an organization may set for itself: each with its bounds, and what holds until it does. A setting stands here as soon as somebody
 * reads it, and no sooner.
 */
export const Settings = z.object({
  orgRatePerMinute: z.int().min(1).max(10_000_000)
    .describe('Requests of all its keys together in a minute, of each replica of a service.').default(60_000),
  commandsPerMinute: z.int().min(1).max(10_000_000).nullable()
    .describe('Commands of each key without a limit of its own in a minute, of each replica; null: as the installation says.')
    .default(null),
  commandsBurst: z.int().min(1).max(100_000)
    .describe('How many of those a key may send at once, before it has to wait for the next by its rate.').default(100),
  queriesPerMinute: z.int().min(1).max(10_000_000).nullable()
    .describe('Questions of each key without a limit of its own in a minute, of each replica; null: as the installation says.')
    .default(null),
  startWithin_s: z.int().min(60).max(86_400).describe('How soon an agent must begin what it is assigned to, in seconds.').default(900),
  assignPolicy: z.enum(agentPolicyNames).describe('How an agent is chosen for a task.').default('capability-reliability/1'),
  delegatePolicy: z.enum(orchestratorPolicyNames).describe('How an orchestrator is chosen to pass a task to.').default('federation/1'),
  nextPolicy: z.enum(nextPolicyNames).describe('How an orchestrator is told what to take up next.').default('deadline-priority/2'),
  maxWait_h: z.int().min(1).max(8_760)
    .describe('After so many hours a task comes before all that waited for less time, whatever its priority.').default(168),
  slaHours: SlaHours.describe('Within how many hours tasks of each priority are to be done, null for no deadline.')
    .default({ CRITICAL: 1, HIGH: 24, MEDIUM: 168, LOW: null }),
  escalationLadder: Ladder.describe('Who is asked in turn where nobody answers an escalation; `admins` are all admins.').default([]),
  escalationResolve_s: z.int().min(60).max(2_592_000)
    .describe('How long nobody else is asked after an escalation was acknowledged, in seconds.').default(86_400),
  holidays: Holidays.nullable().describe('Which holidays are kept by schedules that do not say.').default(null),
  webhookNetworks: z.array(z.string().max(50).refine(isNetwork, { error: 'is no network, such as 10.0.0.0/8' })).max(20)
    .describe('Of the networks that the operator lets Baton send to besides public addresses only these; without any, all.').default([]),
  earnedWeights: z.boolean()
    .describe('Whether electors may weigh in a decision by how right their votes turned out to be.').default(false),
  slaEscalates: z.boolean().describe('Whether a task whose deadline has passed is escalated.').default(false),
})
export type Settings = z.output<typeof Settings>
export type SettingName = keyof Settings

export const settingNames = Object.keys(Settings.shape) as readonly SettingName[]

type Shape = typeof Settings.shape

/** Some of them: what is not said stays. */
export const SomeSettings = z.object(Object.fromEntries(Object.entries(Settings.shape).map(([name, setting]) =>
  [name, setting.unwrap().optional()])) as { [Name in SettingName]: z.ZodOptional<ReturnType<Shape[Name]['unwrap']>> })

/** What holds with these set: what nobody knows any more, or would take no more, is as good as not set. */
export const withDefaults = (set: SettingValues): Settings => Settings.parse(Object.fromEntries(
  Object.entries(set).filter(([name, value]) => Settings.shape[name as SettingName]?.safeParse(value).success)))

export const defaults: Settings = withDefaults({})

/** A setting of the organization that asks, for whoever declares that it reads it. */
export function settingOf<Name extends SettingName>({ settings = {} }: { readonly settings?: SettingValues | undefined }, name: Name) {
  if (!(name in settings)) throw new Error(`${name} is read by somebody who does not declare it`)
  return settings[name] as Settings[Name]
}
