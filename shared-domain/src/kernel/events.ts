import { z } from 'zod'

/** One kind of fact. Its current version is one more than the number of upcasts, so schema and chain cannot disagree. */
export interface EventDefinition<Data extends z.ZodObject = z.ZodObject> {
  readonly about: string
  readonly data: Data
  /** The orchestrator that the fact concerns first, for the subject of its announcement. */
  readonly recipient?: (data: z.output<Data>, id: string) => string | null
  /** Step n turns version n + 1 of the payload into version n + 2. */
  readonly upcast?: readonly ((old: any) => unknown)[]
}

export type Shapes = Readonly<Record<string, z.ZodObject>>

export type EventOf<C> = C extends { readonly shapes?: infer S extends Shapes }
  ? { [T in keyof S & string]: { readonly type: T; readonly data: z.output<S[T]> } }[keyof S & string]
  : never

type Creators<S extends Shapes> = {
  readonly [T in keyof S & string]: (data: z.input<S[T]>) => { readonly type: T; readonly data: z.output<S[T]> }
}

export type EventCatalogue<S extends Shapes = Shapes> = Creators<S> & {
  readonly definitions: Readonly<Record<string, EventDefinition<any>>>
  /** Only a type: what `EventOf` reads. */
  readonly shapes?: S
}

type Definitions<S extends Shapes> = { readonly [T in keyof S]: EventDefinition<S[T]> }

/** Checks a part of the events of a category that stands in a file of its own. */
export const eventsOf = <const S extends Shapes>(definitions: Definitions<S>) => definitions

/** The step of an upcast that adds what was not said before. */
export const plus = (fields: Readonly<Record<string, unknown>>) => (old: object) => ({ ...old, ...fields })

/** Declares the events of one category; each name becomes the constructor of that event. */
export function events<const S extends Shapes>(definitions: Definitions<S>): EventCatalogue<S> {
  const creators = Object.keys(definitions).map((type) => [type, (data: unknown) => ({ type, data })])
  return { ...Object.fromEntries(creators), definitions } as never
}

export const versionOf = ({ upcast = [] }: EventDefinition<any>): number => upcast.length + 1

/** Brings a stored payload up to the current version, then checks it. Throws a ZodError on a malformed one. */
export function decode(definition: EventDefinition<any>, stored: unknown, version: number): unknown {
  const steps = (definition.upcast ?? []).slice(version - 1)
  return definition.data.parse(steps.reduce<unknown>((data, step) => step(data), stored))
}
