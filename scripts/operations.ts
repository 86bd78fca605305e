import { choices, deciders } from 'shared-domain/catalogue.ts'
import { wishOf } from 'shared-domain/kernel/choice.ts'
import { z } from 'zod'
import { choiceRoutesOf, routeOf } from '../command-service/src/wordings.ts'

/** A JSON Schema of an object. */
export interface Shape {
  readonly type: 'object'
  readonly properties: Readonly<Record<string, object>>
  readonly required?: readonly string[]
  readonly [keyword: string]: unknown
}

/** A command as it is asked for: its route, and what its path and body say together. */
export interface Operation {
  readonly about: string
  readonly method: string
  /** With `:name` for each parameter. */
  readonly path: string
  readonly parameters: readonly string[]
  readonly input: Shape
}

/** The shape of what is said; what only SQL knows is left out. */
export const shapeOf = (schema: z.ZodType): Shape => {
  const { $schema: _dialect, ...shape } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', override: ({ jsonSchema }) => { delete jsonSchema.sql } })
  return shape as unknown as Shape
}

/** A command of the catalogue by the category of its stream and its name. Throws where there is none. */
export function operationOf(category: string, name: string): Operation {
  const decider = deciders.find((decider) => decider.category === category)
  const command = decider?.commands[name]
  if (!decider || !command || command.internal) throw new Error(`There is no command ${category}.${name}.`)
  return { about: command.about, ...routeOf(decider, name, command), input: shapeOf(command.data) }
}

/** What takes the best of what may be chosen from. */
export function takingOf(name: string): Operation {
  const choice = choices.find((choice) => choice.name === name)
  if (!choice) throw new Error(`There is no choice ${name}.`)
  const [own] = choiceRoutesOf(choice)
  return { about: choice.about, ...own!, input: shapeOf(wishOf(choice)) }
}

/** What only the path says, and the rest. Throws the name of what the path needs and is not said. */
export function addressed({ path, parameters }: Pick<Operation, 'path' | 'parameters'>, said: Readonly<Record<string, unknown>>) {
  const missing = parameters.find((name) => typeof said[name] !== 'string' || said[name] === '')
  if (missing !== undefined) throw new Missing(missing)
  const rest = Object.fromEntries(Object.entries(said).filter(([name]) => !parameters.includes(name)))
  return { path: path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(said[name] as string)), rest }
}

/** The path needs what was not said. */
export class Missing extends Error {
  readonly parameter: string
  constructor(parameter: string) {
    super(`${parameter} is missing`)
    this.parameter = parameter
  }
}
