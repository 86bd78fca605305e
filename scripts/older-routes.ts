import { routeParts, type Alias } from 'shared-domain/kernel/alias.ts'
import { ofAction } from 'shared-domain/kernel/bulk.ts'
import type { Choice } from 'shared-domain/kernel/choice.ts'
import type { Command, Decider } from 'shared-domain/kernel/decider.ts'
import type { Question as Declared } from 'shared-domain/kernel/question.ts'
import type { ReadModel } from 'shared-domain/kernel/read-model.ts'
import { choiceRoutesOf, wordingsOf } from '../command-service/src/wordings.ts'
import { answerOf } from '../query-service/src/answers.ts'
import { questionOf } from '../query-service/src/choices.ts'
import type { Question } from '../query-service/src/question.ts'
import { followed } from '../query-service/src/live/wish.ts'
import { questionsOf } from '../query-service/src/routes.ts'

export interface Declarations {
  readonly deciders: readonly Decider[]
  readonly choices: readonly Choice[]
  readonly readModels: readonly ReadModel[]
  readonly questions: readonly Declared[]
}

export interface OlderRoute {
  /** `METHOD /path` below the version, as are the canonical words that it stands for. */
  readonly older: string
  readonly canonical: string
  readonly alias: Alias
}

interface Worded {
  readonly alias?: Alias | undefined
  readonly own: Pick<ReturnType<typeof routeParts>, 'method' | 'path'>
}

const older = (words: readonly Worded[]): readonly OlderRoute[] => words.flatMap(({ alias, own: { method, path } }) =>
  (alias ? [{ older: alias.route, canonical: `${method} ${path}`, alias }] : []))

const asked = ({ path, aliases = [] }: Pick<Question, 'path' | 'aliases'>): readonly Worded[] => aliases.map((alias) => ({ alias, own: { method: 'GET', path } }))

/** Every alias that is declared, in the order of the declarations. */
export const olderRoutes = ({ deciders, choices, readModels, questions }: Declarations): readonly OlderRoute[] => older([
  ...deciders.flatMap((decider) => (Object.entries(decider.commands) as [string, Command][])
    .flatMap(([name, command]) => wordingsOf(decider, name, command))),
  ...deciders.flatMap(({ collection, bulk }) => (bulk?.aliases ?? [])
    .map(({ action, ...alias }) => ({ alias: ofAction(alias, action), own: { method: 'POST', path: `/${collection}/bulk` } }))),
  ...choices.flatMap((choice) => {
    const [own, ...others] = choiceRoutesOf(choice)
    return [...others.map(({ alias }) => ({ alias, own: own! })), ...questionOf(choice).flatMap(asked)]
  }),
  ...[...readModels.flatMap(questionsOf), ...questions.map(answerOf), followed].flatMap(asked),
])
