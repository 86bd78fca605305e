import type { Test } from 'tap'
import type { z } from 'zod'
import { defaults } from '../fleet/organization/settings.ts'
import { reject, Rejection, scopes, streamOf, type Context, type Decider, type Fold } from './decider.ts'
import type { Actor, AnyEvent, Meta } from './fact.ts'
import { decode, versionOf } from './events.ts'
import { sealedForTests } from './sealed.ts'
import { picked } from './settings.ts'

type EventIn<M> = M extends Fold<any, infer Event> ? Event : never

export const organization = 'acme'
export const now = '2030-01-01T00:00:00.000Z'
export const system: Actor = { kind: 'process', id: 'test' }
export const admin: Actor = { kind: 'admin', id: 'ada' }
export const tool: Actor = { kind: 'tool', id: 'ci' }
export const agent: Actor = { kind: 'agent', id: '00000000-0000-7000-8000-000000000800' }
export const daemon: Actor = { kind: 'daemon', id: '00000000-0000-7000-8000-000000000801' }
export const orchestrator = (id: string): Actor => ({ kind: 'orchestrator', id })

/** Whom an actor acts for when nothing else is said: an orchestrator for itself. */
export const ownOf = ({ kind, id }: Actor): string | null => (kind === 'orchestrator' ? id : null)

/** Ids of the shape that every schema takes; the number makes them tell apart. */
export const uuid = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`

const told = new WeakMap<object, Partial<Meta>>()

/** The fact with other circumstances than the usual ones: `on(Task.TaskFailed(...), { at })`. */
export const on = <Event extends object>(fact: Event, meta: Partial<Meta>): Event => {
  const copy = { ...fact }
  told.set(copy, meta)
  return copy
}

const metaOf = (fact: object, revision: number): Meta =>
  ({ at: now, by: system, organization, commandId: uuid(revision), position: String(revision), ...told.get(fact), revision })

export const replay = <State>({ initial, evolve }: Fold<State>, history: readonly AnyEvent[]): State =>
  history.reduce((state, fact, revision) => evolve(state, fact, metaOf(fact, revision)), initial)

interface Outcome<Event, Code> {
  yields(...expected: readonly Event[]): void
  /** As `yields`, of a wish that is an act and not a state to be in: asked again, it is done again. */
  yieldsEachTime(...expected: readonly Event[]): void
  /** The wish is already true. */
  changesNothing(): void
  refuses(code: Code, detail?: Record<string, unknown>): void
}

interface Scenario<Event, Code, Data extends Record<string, z.ZodObject>> {
  /** …while another stream holds these facts. */
  seeing<Other extends Fold>(other: Other, id: string, ...facts: readonly EventIn<Other>[]): Scenario<Event, Code, Data>
  /** A daemon comes with the orchestrator that it acts for. */
  by(actor: Actor, actsFor?: string | null): Scenario<Event, Code, Data>
  at(instant: string): Scenario<Event, Code, Data>
  with(context: Partial<Context>): Scenario<Event, Code, Data>
  when<Name extends keyof Data & string>(command: Name, data: z.input<Data[Name]>): Outcome<Event, Code>
}

export const subject = uuid(1)

/**
 * Given these facts, when this command arrives, then those facts follow. Every scenario also proves that the new facts survive
 * storage, and that sending the command again adds nothing.
 */
export const behaviour = <State, Event extends AnyEvent, Code extends string, Data extends Record<string, z.ZodObject>>(
  t: Test, decider: Decider<State, Event, Code, Data>,
) => {
  const scenario = (
    history: readonly Event[], others: ReadonlyMap<string, readonly any[]>, circumstances: Partial<Context>,
  ): Scenario<Event, Code, Data> => ({
    seeing: (other, id, ...facts) => scenario(history, new Map([...others, [streamOf(other, id), facts]]), circumstances),
    by: (by, actsFor = ownOf(by)) => scenario(history, others, { ...circumstances, by, actsFor }),
    at: (at) => scenario(history, others, { ...circumstances, at }),
    with: (context) => scenario(history, others, { ...circumstances, ...context }),
    when: (command, data) => {
      const { data: schema, decide, settings = [] } = decider.commands[command]!
      const context = {
        id: subject, at: now, by: admin, actsFor: null, allowed: scopes, keyExpiresAt: null, organization, commandId: uuid(900),
        ...circumstances, settings: picked({ ...defaults, ...circumstances.settings }, settings),
      }
      const run = (past: readonly Event[]) => {
        const told = new Map<string, readonly any[]>([[streamOf(decider, context.id), past], ...others])
        const look = (other: Fold<any>, id: string) => replay(other, told.get(streamOf(other, id)) ?? [])
        return decide(replay(decider, past), sealedForTests(schema, schema.parse(data)) as never, { look, ...context })
      }
      const decision = run(history)
      const follows = (...expected: readonly Event[]) => {
        t.strictSame(decision, expected)
        for (const fact of decision instanceof Rejection ? [] : decision) {
          const definition = decider.events.definitions[fact.type]!
          const stored = JSON.parse(JSON.stringify(fact.data))
          t.strictSame(decode(definition, stored, versionOf(definition)), fact.data, `${fact.type} survives storage`)
        }
        const added = expected.map((fact) => on(fact, { at: context.at, by: context.by, commandId: context.commandId }))
        return run([...history, ...added])
      }
      const yields = (...expected: readonly Event[]) => {
        const again = follows(...expected)
        t.ok(again instanceof Rejection || again.length === 0, `${command} adds nothing when it is sent again`)
      }
      return {
        yields,
        yieldsEachTime: (...expected) => t.strictSame(follows(...expected), expected, `${command} is done again when it is sent again`),
        changesNothing: () => yields(),
        refuses: (code, detail) => t.match(decision, detail ? reject(code, detail) : { code }, `${command} is refused with ${code}`),
      }
    },
  })
  return { given: (...history: readonly Event[]) => scenario(history, new Map(), {}) }
}
