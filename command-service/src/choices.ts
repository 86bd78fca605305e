import { sql, type Kysely } from 'kysely'
import { wordsOf, type Alias, type Said } from 'shared-domain/kernel/alias.ts'
import { endsOf, onBehalf, readBy, wishOf, type Asking, type Choice, type Selection } from 'shared-domain/kernel/choice.ts'
import { mayActAs, reject, Rejection } from 'shared-domain/kernel/decider.ts'
import type { Gate } from 'shared-domain/kernel/gate.ts'
import { Id } from 'shared-domain/vocabulary.ts'
import { z } from 'zod'
import { repeating } from './answers.ts'
import { commandIdOf } from './circumstances.ts'
import { answerTo, type Asked, type CommandRoute, type Errand } from './command-route.ts'
import { refusalsOf } from './gating.ts'
import { fingerprintOf } from './fingerprint.ts'
import type { FindRows } from './grounding.ts'
import type { Handle, Outcome, Request } from './request.ts'
import type { FindSettings } from './organizations.ts'
import { looking } from './looking.ts'
import { candidates } from 'shared-service/choosing.ts'
import type { Positions } from 'shared-service/positions.ts'
import type { Prepared } from 'shared-service/prepared.ts'
import { invalid, parsed, Problem } from 'shared-service/problems.ts'
import { answers, headerParameters, olderOperation, successors } from './openapi.ts'
import { slicesFrom } from './store/candidates.ts'
import type { Streams } from './store/streams.ts'
import { bodyOf, choiceRoutesOf, idsIn, inOwnWords, successorLink } from './wordings.ts'

const waiting = { minPosition: z.string().regex(/^\d{1,19}$/).optional() }


/** How many are tried, best first: rows may be a moment old, and others take from the same ones. */
const tries_max = 24

/** Forgets choices so old that nobody repeats the request. */
export const forgetChoices = (db: Kysely<any>) => sql`delete from choice_made where at < now() - interval '7 days'`.execute(db)

export interface Hosts {
  readonly db: Kysely<any>
  readonly ask: Prepared
  readonly positions: Positions
  readonly findRows: FindRows
  readonly findSettings: FindSettings
  readonly streams: Streams
  readonly handle: Handle
  readonly gate?: Gate | undefined
}

/** Routes that pick the best row of a read model and send its stream the command that takes it. */
export function choiceRoutes(choices: readonly Choice[], hosts: Hosts): readonly CommandRoute[] {
  return choices.flatMap((choice) => routesOf(choice, hosts.positions, taker(choice, hosts), hosts.gate))
}

function routesOf(choice: Choice, positions: Positions, take: ReturnType<typeof taker>, gate: Gate | undefined): readonly CommandRoute[] {
  const { to: decider, command: name } = choice.sends
  const command = decider.commands[name]!
  const refusals = { ...refusalsOf(gate, decider, command), ...Object.fromEntries(endsOf(choice).map((end) => [end.code, end])) }
  const canonical = wishOf(choice).extend(waiting)
  const [own, ...older] = choiceRoutesOf(choice)
  const told = choice.answers ?? command.answers

  function read({ known, parameters, body }: Asked, words: z.ZodObject, alias: Alias | undefined): Errand {
    const ids: Readonly<Record<string, string>> = idsIn(parameters)
    if (known.expected !== undefined) throw invalid('#/header/if-match', 'is not taken here: which stream it will be is not known before')
    const said = alias ? inOwnWords(alias, { words, canonical }, { ...body, ...ids }, known.at) : body
    const { minPosition, ...wish } = parsed(canonical, said) as Said & { readonly minPosition?: string }
    const { id } = ids
    const meant = onBehalf(choice, wish, known)
    if (!meant || (id !== undefined && !mayActAs(known, id))) throw new Problem('FORBIDDEN', 'An orchestrator chooses for itself.')
    const place = id === undefined ? choice.name : `${choice.name} ${id}`
    return {
      line: place, link: alias && successorLink(own!.path, ids),
      async carryOut() {
        if (minPosition !== undefined) await Promise.all(readBy(choice).map(({ name }) => positions.reached(name, BigInt(minPosition))))
        return answerTo(await take({ id, wish: meant, at: known.at, caller: known }, { ...known, commandId: commandIdOf(known, place) }), refusals)
      },
    }
  }

  return [own!, ...older].map(({ path, parameters, alias }) => {
    const words = alias ? wordsOf(alias, canonical, Id) : canonical
    return {
      method: 'POST', path,
      describe: () => ({
        operationId: alias ? olderOperation({ method: 'POST', path }) : `${choice.name}.${choice.command}`,
        summary: `${alias ? 'Older words: takes' : 'Takes'} the best: ${choice.about[0]!.toLowerCase()}${choice.about.slice(1)}`,
        tags: [choice.path.slice(1)],
        ...(parameters.length > 0 ? { params: { type: 'object', properties: { id: { type: 'string', format: 'uuid' } } } } : {}),
        headers: headerParameters({ picks: true, isGated: gate?.guards(command) }),
        body: z.toJSONSchema(bodyOf({ words, parameters }), { target: 'draft-2020-12', io: 'input', unrepresentable: 'any' }),
        response: answers(refusals, told ? { answers: told } : {}),
        ...(alias ? { deprecated: true, ...successors([{ alias, own: own! }]) } : {}),
      }),
      needs: () => ({ scope: command.scope ?? 'write', fresh: command.fresh ?? false }),
      read: (asked) => read(asked, words, alias),
    }
  })
}

function taker(choice: Choice, { db, ask, findRows, findSettings, streams, handle }: Hosts) {
  const { to: decider, command: name, data } = choice.sends
  const command = decider.commands[name]!
  const rowsOf = slicesFrom(ask)
  const repeated = repeating(streams, looking(streams))

  /** Tells one request from another under the same key. */
  const wordOf = (wish: Said) => (Object.keys(wish).length > 0 ? fingerprintOf(choice.name, wish) : choice.name)

  /** The answer with what the choice says besides. */
  const told = (taken: Outcome, rejected: Selection['rejected']): Outcome => (taken instanceof Rejection || !choice.answers ? taken
    : { ...taken, more: choice.answers.of({ id: taken.id, said: taken.more ?? {}, rejected }) })

  /** The answer to the same request, if it came before and led to something. */
  async function earlier(wish: Said, request: Omit<Request, 'id'>): Promise<Outcome | undefined> {
    const { commandId, organization } = request
    const made = await db.selectFrom('choice_made').select(['target', 'request']).where('command_id', '=', commandId).executeTakeFirst()
    if (!made) return undefined
    const entry = await streams.refreshed(decider, made.target)
    const first = await streams.answered(entry, commandId)
    if (!first || entry.organization !== organization) return undefined
    if (made.request !== wordOf(wish)) return reject('IDEMPOTENCY_MISMATCH')
    return told(await repeated({ decider, command, request: { ...request, id: made.target } }, first), [])
  }

  /** Before the command goes out it is noted where to, so that a repetition looks there first. */
  const note = ({ commandId }: Pick<Request, 'commandId'>, wish: Said, target: string) => db.insertInto('choice_made').values({ command_id: commandId, request: wordOf(wish), target })
    .onConflict((c) => c.column('command_id').doUpdateSet({ target, request: wordOf(wish) })).execute()

  return async (asking: Asking, request: Omit<Request, 'id'>): Promise<Outcome> => {
    const { organization } = request
    const first = request.repeatable ? await earlier(asking.wish, request) : undefined
    if (first) return first
    const settings = choice.settings && await findSettings(organization, choice.settings)
    const asked = { ...asking, settings }
    const course = candidates(choice, asked, tries_max, {
      rows: (model, slices) => rowsOf(organization, model, slices),
      grounds: (rows) => findRows(organization, rows),
    })
    let step = await course.next()
    while (!step.done) {
      const { row, selection } = step.value
      const target = choice.idOf(row)
      if (request.repeatable) await note(request, asking.wish, target)
      const outcome = await handle(decider, name, command.data.parse(data(selection, asked)), { ...request, id: target, said: { id: target, payload: asking.wish } })
      if (!(outcome instanceof Rejection)) return told(outcome, selection.rejected)
      step = await course.next(outcome)
    }
    return step.value.why
  }
}
