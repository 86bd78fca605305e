import { sql, type Kysely } from 'kysely'
import type { Alias } from 'shared-domain/kernel/alias.ts'
import { rank, readBy, slicesOf, type Choice, type Standing } from 'shared-domain/kernel/choice.ts'
import { mayActAs, Rejection, reject } from 'shared-domain/kernel/decider.ts'
import { z } from 'zod'
import { repeated } from './answers.ts'
import { commandIdOf } from './circumstances.ts'
import { answerTo, type Asked, type CommandRoute, type Errand } from './command-route.ts'
import type { Accepted, Handle, Outcome, Request } from './request.ts'
import { pause } from 'shared-service/pause.ts'
import { invalid, parsed, Problem } from 'shared-service/problems.ts'
import { answers, headerParameters, olderOperation, successors } from './openapi.ts'
import type { Streams } from './store/streams.ts'
import { choiceRoutesOf, idsIn, successorLink } from './wordings.ts'

const body = z.object({ minPosition: z.string().regex(/^\d{1,19}$/).optional() }).strict()

const behind_max_ms = 2_000
const behind_step_ms = 20
const waiting_max = 200
const tidy_every_ms = 3_600_000

/** How many are tried, best first: rows may be a moment old, and others take from the same ones. */
const tries_max = 24

/** The first rows of every slice, in one statement. */
function candidates(db: Kysely<any>, choice: Choice, organization: string, id: string, at: string) {
  const parts = slicesOf(choice, id, at).map(({ where, notAfter, standing, order }) => {
    let part = db.selectFrom(choice.from.name).selectAll().where('organization', '=', organization)
      .where((row) => row.or([row(notAfter.column, 'is', null), row(notAfter.column, '<=', notAfter.at)]))
    for (const [column, values] of Object.entries(where)) part = part.where(column, 'in', values)
    if (standing) part = part.where(stand(choice.from.name, organization, standing))
    for (const column of order) part = part.orderBy(column, (o) => o.asc().nullsLast())
    return sql`(${part.limit(tries_max)})`
  })
  return sql<Record<string, unknown>>`${sql.join(parts, sql` union all `)}`.execute(db).then(({ rows }) => rows)
}

const stand = (model: string, organization: string, { column, in: { name, key }, where }: Standing) => sql<boolean>`not exists (
  select from jsonb_array_elements_text(${sql.ref(`${model}.${column}`)}) as named (id) where not exists (
    select from ${sql.table(name)} as other where other.organization = ${organization} and other.${sql.ref(key[0]!)} = named.id::uuid
      and ${sql.join(Object.entries(where).map(([column, values]) => sql`other.${sql.ref(column)} = any(${values})`), sql` and `)}))`

/** Waits until the rows are as new as a position; so many callers and no more. */
function positions(db: Kysely<any>) {
  let waiting = 0
  return async function reached(model: string, position: string | undefined) {
    if (position === undefined) return
    if (waiting >= waiting_max) throw new Problem('READ_MODEL_BEHIND')
    waiting++
    try {
      for (let waited_ms = 0; ; waited_ms += behind_step_ms) {
        const row = await db.selectFrom('checkpoint').select('commit').where('model', '=', model).where('active', '=', true).executeTakeFirst()
        if (row && BigInt(row.commit) >= BigInt(position)) return
        if (waited_ms >= behind_max_ms) throw new Problem('READ_MODEL_BEHIND')
        await new Promise((resolve) => setTimeout(resolve, behind_step_ms))
      }
    } finally {
      waiting--
    }
  }
}

/** Forgets choices so old that nobody repeats the request: once an hour, until the signal. */
export async function tidy(db: Kysely<any>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sql`delete from choice_made where at < now() - interval '7 days'`.execute(db)
    await pause(tidy_every_ms, signal)
  }
}

/** Routes that pick the best row of a read model and send its stream the command that takes it. */
export function choiceRoutes(choices: readonly Choice[], db: Kysely<any>, streams: Streams, handle: Handle): readonly CommandRoute[] {
  const reached = positions(db)
  return choices.flatMap((choice) => routesOf(choice, reached, taker(choice, db, streams, handle)))
}

function routesOf(choice: Choice, reached: ReturnType<typeof positions>, take: ReturnType<typeof taker>): readonly CommandRoute[] {
  const { to: decider, command: name } = choice.sends
  const command = decider.commands[name]!
  const refusals = { ...decider.rejections, [choice.nothing.code]: choice.nothing }
  const [own, ...older] = choiceRoutesOf(choice)

  function read({ known, parameters, body: said }: Asked, alias: Alias | undefined): Errand {
    const { id } = idsIn(parameters)
    if (known.expected !== undefined) throw invalid('#/header/if-match', 'is not taken here: which stream it will be is not known before')
    const { minPosition } = parsed(body, said)
    if (!mayActAs(known, id!)) throw new Problem('FORBIDDEN', 'An orchestrator claims for itself.')
    const place = `${choice.name} ${id}`
    return {
      line: place, link: alias && successorLink(own!.path, { id }),
      async carryOut() {
        for (const { name } of readBy(choice)) await reached(name, minPosition)
        return answerTo(await take(id!, { ...known, id: id!, commandId: commandIdOf(known, place) }), refusals)
      },
    }
  }

  return [own!, ...older].map(({ path, alias }) => ({
    method: 'POST', path,
    schema: {
      operationId: alias ? olderOperation({ method: 'POST', path }) : `${choice.name}.${choice.command}`,
      summary: `${alias ? 'Older words: takes' : 'Takes'} the best and starts it: ${choice.about[0]!.toLowerCase()}${choice.about.slice(1)}`,
      tags: [choice.path.slice(1)],
      params: { type: 'object', properties: { id: { type: 'string', format: 'uuid' } } },
      headers: headerParameters({ picks: true }),
      body: z.toJSONSchema(body, { target: 'draft-2020-12' }),
      response: answers(refusals, command.answers ? { answers: command.answers } : {}),
      ...(alias ? { deprecated: true, ...successors([{ alias, own: own! }]) } : {}),
    },
    needs: () => ({ scope: command.scope ?? 'write', fresh: command.fresh ?? false }),
    read: (asked) => read(asked, alias),
  }))
}

function taker(choice: Choice, db: Kysely<any>, streams: Streams, handle: Handle) {
  const { to: decider, command: name, data } = choice.sends
  const command = decider.commands[name]!

  /** The answer to the same request, if it came before and led to something. */
  async function earlier(request: Request): Promise<Accepted | undefined> {
    const { commandId, organization } = request
    const made = await db.selectFrom('choice_made').select('target').where('command_id', '=', commandId).executeTakeFirst()
    if (!made) return undefined
    const entry = await streams.refreshed(decider, made.target)
    const first = await streams.answered(entry, commandId)
    return first && entry.organization === organization ? repeated(streams, { decider, command, request: { ...request, id: made.target } }, first) : undefined
  }

  /** Before the command goes out it is noted where to, so that a repetition looks there first. */
  const note = ({ commandId }: Request, target: string) => db.insertInto('choice_made').values({ command_id: commandId, request: choice.name, target })
    .onConflict((c) => c.column('command_id').doUpdateSet({ target })).execute()

  return async (id: string, request: Request): Promise<Outcome> => {
    if (request.repeatable) {
      const first = await earlier(request)
      if (first) return first
    }
    const { organization, at } = request
    const chooser = await db.selectFrom(choice.chooser.name).selectAll().where('organization', '=', organization)
      .where(choice.chooser.key[0]!, '=', id).executeTakeFirst()
    if (!chooser) return reject('NOT_FOUND')
    const ranked = rank(choice, await candidates(db, choice, organization, id, at), chooser, at).slice(0, tries_max)
    const selection = { policy: choice.policy, candidates: ranked.slice(0, choice.top).map(({ row, score }) => ({ id: choice.idOf(row), score })) }
    let refusal: Rejection | undefined
    for (const { row } of ranked) {
      const target = choice.idOf(row)
      if (request.repeatable) await note(request, target)
      const outcome = await handle(decider, name, command.data.parse(data(selection)), { ...request, id: target })
      if (!(outcome instanceof Rejection)) return outcome
      if (choice.outdated.includes(outcome.code)) continue
      if (!choice.passing.includes(outcome.code)) return outcome
      refusal ??= outcome
    }
    return refusal ?? reject(choice.nothing.code)
  }
}
