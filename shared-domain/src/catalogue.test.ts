import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { z } from 'zod'
import {
  choices, deciders, gate, notary, outlets, processes, questions, readModels, streamQuestions, sweeps, watches,
} from './catalogue.ts'
import { defaults, Settings } from './fleet/organization/settings.ts'
import { readBy } from './kernel/choice.ts'
import { ids, inputOf, stepOf, type Step } from './kernel/arbitrary.ts'
import { cloudEvent } from './kernel/cloud-event.ts'
import { Rejection, scopes, streamOf, type Command, type Decider, type Hold } from './kernel/decider.ts'
import type { Meta, Recorded } from './kernel/fact.ts'
import { decode, versionOf, type EventDefinition } from './kernel/events.ts'
import { recorded, rowsAfter } from './kernel/picture.ts'
import type { Barrier } from './kernel/gate.ts'
import type { Intent } from './kernel/intent.ts'
import { changesOf, placeOf } from './kernel/read-model.ts'
import { general, refusalKinds, type Refusal } from './kernel/refusal.ts'
import { reportOf } from './kernel/report.ts'
import { backAgain } from './kernel/watch.ts'
import { admin, now, orchestrator, organization, uuid } from './kernel/testing.ts'
import { sealedForTests } from './kernel/sealed.ts'
import type { World } from './kernel/world.ts'
import { inhabited, lived, lives } from './scenery.ts'

const here = import.meta.dirname
const seed = 2030
const isHelper = (file: string) => /\.(test|soak)\.ts$|(^|\/)scene(ry)?\.ts$|^kernel\//.test(file)
const files = globSync('**/*.ts', { cwd: here }).filter((file) => !isHelper(file))

interface Stored { readonly type: string; readonly version: number; readonly data: unknown; readonly metadata: Meta }
interface Sample { readonly id: string; readonly facts: readonly Stored[] }

const textOf = (...path: readonly string[]) => readFileSync(join(here, ...path), 'utf8')

const folderOf = ({ category }: Decider) => {
  const folders = files
    .filter((file) => file.endsWith('/decider.ts') && textOf(dirname(file), 'state.ts').includes(`fold('${category}'`))
  return dirname(folders[0]!)
}

const historyOf = (decider: Decider): readonly Sample[] => JSON.parse(readFileSync(join(here, folderOf(decider), 'history.json'), 'utf8'))

const definitions = new Map(deciders.flatMap(({ events }) => Object.entries<EventDefinition<any>>(events.definitions)))
const commands = deciders.flatMap((decider) =>
  Object.entries<Command>(decider.commands).map(([name, command]) => ({ decider, name, command })))

const refusals: readonly (readonly [string, Refusal])[] = [
  ...deciders.flatMap(({ rejections }) => Object.entries(rejections)), ...choices.map(({ nothing }) => [nothing.code, nothing] as const),
  ...Object.entries(gate.rejections),
]

/** Every stored sample as a reader meets it. */
const samples: readonly Recorded[] = deciders.flatMap((decider) => historyOf(decider).flatMap(({ id, facts }) =>
  facts.map(({ type, version, data: stored, metadata }, revision) => {
    const data = decode(definitions.get(type)!, stored, version)
    return recorded(decider, { type, data }, { ...metadata, id, revision, position: String(revision) })
  })))

/** The same answer to the same question of one word at most, found once. */
function cached<A extends readonly [unknown?], B>(find: (...asked: A) => B): (...asked: A) => B {
  const found = new Map<unknown, B>()
  return (...asked) => {
    if (!found.has(asked[0])) found.set(asked[0], find(...asked))
    return found.get(asked[0])!
  }
}

const repeated = (names: readonly string[]) => names.filter((name, index) => names.indexOf(name) !== index)

t.test('what is declared anywhere in the domain stands in the catalogue', async (t) => {
  const words = {
    deciders: 'commands', readModels: 'project', processes: 'react', choices: 'ties', questions: 'reply', sweeps: 'every_s',
    streamQuestions: 'shows', watches: 'gap_ms',
  }
  const found = new Map<string, Set<unknown>>(Object.keys(words).map((kind) => [kind, new Set()]))
  for (const file of files.filter((file) => file !== 'catalogue.ts')) {
    for (const value of Object.values(await import(join(here, file)))) {
      if (typeof value !== 'object' || value === null) continue
      for (const [kind, word] of Object.entries(words)) if (word in value) found.get(kind)!.add(value)
    }
  }
  t.equal(files.filter((file) => file.endsWith('decider.ts')).length, deciders.length, 'as many deciders as files of that name')
  for (const [kind, listed] of Object.entries({ deciders, readModels, processes, choices, questions, sweeps, watches, streamQuestions })) {
    const present: readonly unknown[] = listed
    t.ok(present.length > 0, `there are ${kind}`)
    t.strictSame([...found.get(kind)!].filter((one) => !present.includes(one)), [], `no ${kind} are missing`)
    const names = (listed as readonly { name?: string; category?: string }[]).map(({ name, category }) => (name ?? category)!)
    t.strictSame(repeated(names), [], `names of ${kind} are unique`)
  }
})

t.test('names are safe where they end up: in streams, tables and paths', async (t) => {
  for (const { category, collection } of deciders) {
    t.match(category, /^[a-z][A-Za-z]*$/, category)
    t.match(collection, /^[a-z][a-z-]*(\/[a-z][a-z-]*)*$/, collection)
  }
  for (const { name, path, row } of readModels) {
    t.match(name, /^[a-z][a-z_]*$/, name)
    t.match(path, /^(\/[a-z][a-z-]*)+$/, path)
    for (const column of Object.keys(row.shape)) t.match(column, /^[a-z][a-z_]*$/, `${name}.${column}`)
  }
  for (const { name } of [...processes, ...choices, ...questions, ...sweeps, ...watches, ...streamQuestions])
    t.match(name, /^[a-z][A-Za-z]*$/, name)
  for (const { name } of commands) t.match(name, /^[a-z][A-Za-z]*$/, name)
  for (const type of definitions.keys()) t.match(type, /^[A-Z][A-Za-z]*$/, type)
})

t.test('everything says what it is for in a sentence', async (t) => {
  const told: readonly (readonly [string, { readonly about: string }])[] = [
    ...definitions, ...commands.map(({ decider, name, command }) => [`${decider.category}.${name}`, command] as const),
    ...[...readModels, ...processes, ...choices, ...questions, ...sweeps, ...watches, ...streamQuestions]
      .map((one) => [one.name, one] as const),
    ...refusals.map(([code, { says }]) => [code, { about: says }] as const),
  ]
  for (const [name, { about }] of told) t.match(about, /^[A-Z].*\.$/, name)
})

t.test('an event type belongs to one category', async (t) => {
  t.strictSame(repeated(deciders.flatMap(({ events }) => Object.keys(events.definitions))), [])
})

t.test('no two commands answer at one route', async (t) => {
  const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  const routes = commands.filter(({ command }) => !command.internal).map(({ decider: { collection }, name, command: { route, creates } }) =>
    route ?? (creates ? `POST /${collection}` : `POST /${collection}/:id/${kebab(name)}`))
  for (const route of routes) t.match(route, /^(POST|PUT|PATCH|DELETE) \/[a-z][a-z-]*(\/(:?[a-z][A-Za-z-]*))*$/, route)
  const picked = choices.map(({ path, command, chooser }) => `POST ${path}${chooser ? '/:id' : ''}/${command}`)
  t.strictSame(repeated([...routes, ...picked].map((route) => route.replaceAll(/:\w+/g, ':'))), [])
  t.strictSame(repeated(readModels.map(({ path }) => path)), [], 'nor two lists')
})

t.test('a command is either reached by a route or internal, and its parameters are fields of its data', async (t) => {
  for (const { name, command: { route, internal, creates, scope, secret, fresh, data, operators, place } } of commands) {
    t.notOk(internal && (route || creates), name)
    t.ok(scope === undefined || scopes.includes(scope), name)
    t.ok(!secret || fresh, `${name} gives a secret only on what holds now`)
    t.ok(secret !== true || creates, `${name} makes a key for a stream that begins with it, whose id comes of it`)
    t.ok(!operators || place, `${name} is of the organization that it says`)
    const parameters = [...(route ?? '').matchAll(/:(\w+)/g)].map(([, parameter]) => parameter!).filter((parameter) => parameter !== 'id')
    for (const parameter of parameters) t.ok(parameter in data.shape, `${name}: ${parameter}`)
  }
})

t.test('F-3 a watch waits for a signal of a stream, from facts of it on, and sends what is internal', async (t) => {
  for (const { name, over, signal, begins, ends, lost, back, silence_ms, gap_ms } of watches) {
    const known = deciders.find(({ category }) => category === over.category)!
    t.equal(known.commands[signal]!.signal?.keep, 1, name)
    t.strictSame([...begins, ...ends].filter((type) => !(type in known.events.definitions)), [], name)
    t.ok([lost, back].every((command) => known.commands[command]!.internal), name)
    t.ok(silence_ms >= gap_ms, name)
  }
  for (const { decider, name, command: { signal, data, internal } } of commands) {
    if (!signal) continue
    t.ok(signal.keep > 0 && !internal, `${decider.category}.${name}`)
    const { highest } = signal
    t.ok(highest === undefined || (signal.keep === 1 && highest in data.shape), `${decider.category}.${name} has one that is highest`)
  }
})

t.test('O-3 every setting is read by somebody who declares it, and nobody reads what is none', async (t) => {
  const declared = [...commands.map(({ command }) => command), ...choices].flatMap(({ settings = [] }) => settings)
  const known = Object.keys(Settings.shape)
  t.strictSame(declared.filter((name) => !known.includes(name)), [])
  // But what the edge reads of everybody, and whoever asks a calendar.
  const ofTheEdge = ['orgRatePerMinute', 'commandsPerMinute', 'commandsBurst', 'queriesPerMinute']
  t.strictSame(known.filter((name) => !declared.includes(name)), [...ofTheEdge, 'holidays'])
})

t.test('S-64 no command takes the zero time of another program for a time to come', async (t) => {
  const takes = (schema: z.ZodType, value: string) => schema.safeParse(value).success
  const timed = commands.filter(({ command }) => !command.internal).flatMap(({ name, command }) =>
    Object.entries<z.ZodType>(command.data.shape)
      .filter(([, schema]) => takes(schema, '2030-01-01T00:00:00Z') && !takes(schema, 'some day'))
      .map(([field, schema]) => ({ at: `${name}.${field}`, schema })))
  t.ok(timed.length > 0, 'there are such fields')
  for (const { at, schema } of timed) for (const zero of ['0001-01-01T00:00:00Z', '1969-12-31T23:59:59Z', '+010000-01-01T00:00:00Z'])
    t.notOk(takes(schema, zero), `${at} ${zero}`)
})

t.test('rejection codes are words in capitals, each declared is used and each used is declared', async (t) => {
  const used = (folder: string) => new Set(globSync('*.ts', { cwd: join(here, folder), exclude: ['*.test.ts'] })
    .flatMap((file) => [...readFileSync(join(here, folder, file), 'utf8').matchAll(/\breject\('(\w+)'/g)].map(([, code]) => code!)))
  // Where a hold is refused, that refusal is the answer to the command.
  const inherited = (decider: Decider) =>
    holdsOf(decider).flatMap(({ take }) => Object.keys(deciders.find(({ category }) => category === take.category)!.rejections))
  for (const decider of deciders) {
    const declared = Object.keys(decider.rejections)
    for (const code of declared) t.match(code, /^[A-Z]+(_[A-Z]+)*$/, code)
    const mine = used(folderOf(decider))
    t.strictSame([...mine].filter((code) => !declared.includes(code)), [], `${decider.category} declares what it uses`)
    const unused = declared.filter((code) => !mine.has(code) && !inherited(decider).includes(code))
    t.strictSame(unused, [], `${decider.category} uses what it declares`)
  }
})

t.test('a code is of one kind, whoever gives it', async (t) => {
  const kinds = Map.groupBy([...refusals, ...Object.entries(general)], ([code]) => code)
  for (const [code, declared] of kinds) {
    t.equal(new Set(declared.map(([, { kind }]) => kind)).size, 1, code)
    t.ok(refusalKinds.includes(declared[0]![1].kind), code)
  }
})

const isNullable = (schema: z.ZodType) => schema.safeParse(null).success || schema.safeParse(undefined).success

t.test('a read model speaks only of events that are declared and of columns that it has', async (t) => {
  for (const model of readModels) {
    const { name, project, every, row, key, filters, order, indexes, computed, search, contains, ranges, sorts, sort } = model
    t.strictSame(Object.keys(project).filter((type) => !definitions.has(type)), [], `${name} projects declared events`)
    t.ok(Boolean(every) !== Object.keys(project).length > 0, `${name} takes either every fact or some`)
    const columns: Record<string, z.ZodType> = row.shape
    const searched = search?.columns ?? []
    const mentioned = [...key, ...filters, ...order, ...indexes.flat(), ...searched, ...Object.values(contains), ...ranges, ...sorts]
    t.strictSame(mentioned.filter((column) => !(column in columns)), [], `${name} names columns that exist`)
    const ordering = [...key, ...order]
    t.strictSame(ordering.filter((column) => isNullable(columns[column]!)), [], `${name} is ordered by columns that always hold something`)
    t.ok(key.length > 0 && repeated(key).length === 0, `${name} has a key`)
    for (const column of searched) t.equal(kindOf(columns[column]!), 'string', `${name}.${column} is searched as a text`)
    for (const column of Object.values(contains)) t.equal(kindOf(columns[column]!), 'array of string', `${name}.${column} holds texts`)
    const ordered = ['date-time', 'date', 'number', 'integer']
    for (const column of ranges) t.ok(ordered.includes(kindOf(columns[column]!)), `${name}.${column} has a before and an after`)
    t.ok(sort === undefined || (sorts.includes(sort.replace(/^-/, '')) && order.length === 0), `${name} is sorted as can be asked for`)
    for (const column of sorts) t.ok([...ordered, 'string'].includes(kindOf(columns[column]!)), `${name}.${column} can be sorted by`)
    t.notOk('organization' in columns, `${name} leaves the organization to the host`)
    const shown = Object.keys(computed.shape)
    t.strictSame(shown.filter((column) => mentioned.includes(column)), [], `${name} shows as it holds what it is asked by`)
  }
})

t.test('what a read model that only grows puts is told apart by the fact that puts it', async (t) => {
  const growing = readModels.filter(({ isAppendOnly }) => isAppendOnly)
  t.ok(growing.length > 0, 'there are such')
  for (const model of growing) for (const fact of samples) {
    const changes = [fact, { ...fact, revision: fact.revision + 1 }, { ...fact, id: uuid(99) }].flatMap((one) => changesOf(model, one))
    t.strictSame(changes.filter((change) => !('put' in change)), [], `${model.name} alters nothing after ${fact.type}`)
    const keys = changes.map((change) => JSON.stringify(model.key.map((column) => placeOf(change)[column])))
    t.strictSame(repeated(keys), [], `${model.name} puts nothing again`)
  }
})

/** What a column holds, null aside, in the words of JSON schemas. */
function kindOf(column: z.ZodType): string {
  interface Kind { readonly type?: string; readonly format?: string; readonly items?: Kind }
  const schema = column instanceof z.ZodNullable ? column.unwrap() as z.ZodType : column
  const { type, format, items } = z.toJSONSchema(schema, { unrepresentable: 'any' }) as Kind
  return format ?? (type === 'array' ? `array of ${items?.type}` : String(type))
}

t.test('a choice asks for columns that its read model has', async (t) => {
  for (const choice of choices) {
    const { name, from, of = [], where, notBefore = [], standing, among, order, top, chooser, sends, outdated, passing, nothing } = choice
    const columns: Record<string, z.ZodType> = from.row.shape
    t.strictSame([of, notBefore, Object.keys(where), Object.keys(among), order].flat().filter((column) => !(column in columns)), [], name)
    for (const [column, values] of Object.entries(among))
      t.ok(values.every((value) => columns[column]!.safeParse(value).success), `${name}: ${column}`)
    for (const [column, value] of Object.entries(where)) t.ok(columns[column]!.safeParse(value).success, `${name}: ${column}`)
    t.ok([...readBy(choice), ...(chooser ? [chooser] : [])].every((model) => readModels.includes(model)), name)
    t.equal(of.length > 0, chooser !== undefined, `${name} has a column for the chooser that it names`)
    t.strictSame(Object.keys(choice.criteria ?? {}).filter((word) => word === 'minPosition'), [], `${name} leaves the host its word`)
    if (standing) {
      const { column, in: { key, row }, where } = standing
      t.ok(readModels.includes(standing.in) && key.length === 1, name)
      t.ok(columns[column]!.safeParse([uuid(1)]).success, `${name} names others by their ids`)
      for (const [column, values] of Object.entries(where))
        t.ok(values.every((value) => row.shape[column].safeParse(value).success), `${name} asks of them what they hold: ${column}`)
    }
    t.ok(top > 0 && (!chooser || chooser.key.length === 1), name)
    const selection = { policy: 'any', candidates: [{ id: uuid(1), score: 1 }], rejected: [] }
    const asking = { id: uuid(1), wish: {}, at: now, caller: { by: admin, actsFor: null } }
    t.ok(sends.to.commands[sends.command]!.data.safeParse(sends.data(selection, asking)).success, `${name} sends what the command takes`)
    const codes = Object.keys(sends.to.rejections)
    t.strictSame([...outdated, ...passing].filter((code) => !codes.includes(code)), [], `${name} passes over what the command refuses`)
    t.strictSame(repeated([...outdated, ...passing]), [], `${name} passes over a refusal in one way`)
    t.notOk(codes.includes(nothing.code), `${name} tells nothing from every refusal`)
  }
})

t.test('a question has a route of its own, names its parameters like columns, and reads what there is', async (t) => {
  const taken = [
    ...readModels.flatMap(({ path, key }) => [path, `${path}/${key.map((column) => `:${column}`).join('/')}`]),
    ...choices.map(({ path, question, chooser }) => `${path}${chooser ? '/:id' : ''}/${question}`), ...questions.map(({ path }) => path),
  ]
  t.strictSame(repeated(taken.map((route) => route.replaceAll(/:\w+/g, ':'))), [])
  for (const { name, path, params, query, answer, reads } of questions) {
    t.match(path, /^(\/(:[a-z][a-z_]*|[a-z][a-z-]*))+$/, name)
    const named = [...path.matchAll(/:(\w+)/g)].map(([, parameter]) => parameter)
    t.strictSame(Object.keys(params.shape), named, `${name} has the parameters of its path`)
    const held = reads.flatMap(({ row }) => Object.keys(row.shape))
    t.strictSame(named.filter((parameter) => !held.includes(parameter!)), [], `${name} names them like columns`)
    t.ok(reads.length > 0 && reads.every((model) => model.isOffLog || readModels.includes(model)), name)
    t.strictSame(['minPosition', ...named].filter((word) => word! in query.shape), [], `${name} leaves the host its words`)
    t.notOk('position' in answer.shape, `${name} leaves the position to the host`)
  }
})

t.test('every event type and version has a stored sample that can still be read, and states evolve over them', async (t) => {
  for (const decider of deciders) {
    const history = historyOf(decider)
    const sampled = new Set(history.flatMap(({ facts }) => facts.map(({ type, version }) => `${type} ${version}`)))
    const declared = Object.entries<EventDefinition>(decider.events.definitions)
      .flatMap(([type, definition]) => Array.from({ length: versionOf(definition) }, (_, step) => `${type} ${step + 1}`))
    t.strictSame(declared.filter((one) => !sampled.has(one)), [], `${decider.category} has a sample of each`)
    t.strictSame([...sampled].filter((one) => !declared.includes(one)), [], `${decider.category} still declares what was stored`)
    for (const { facts } of history) {
      let state = decider.initial
      for (const [revision, { type, version, data, metadata }] of facts.entries()) {
        const definition = decider.events.definitions[type]!
        const decoded = decode(definition, data, version)
        if (version === versionOf(definition)) t.strictSame(decoded, data, `nothing of ${type} is lost`)
        state = decider.evolve(frozen(state), { type, data: frozen(decoded) }, frozen({ ...metadata, revision, position: '0' }))
        t.ok(state, `${decider.category} evolves over ${type}`)
      }
    }
  }
})

t.test('S-66 every fact can be announced: to whom, from where, when, and without its secrets', async (t) => {
  for (const fact of samples) {
    const definition = definitions.get(fact.type)!
    const recipient = definition.recipient?.(fact.data, fact.id) ?? null
    t.match(recipient ?? '_', /^[A-Za-z0-9_-]+$/, `${fact.type} has a recipient that fits a subject`)
    // Dots of a name, before a place or a time, are written otherwise there.
    t.match(fact.id, /^[A-Za-z0-9_-]+(\.[A-Z-]+)?(\.\d+)?$/)
    const announced = cloudEvent(definition, fact, { eventId: uuid(1), correlationId: uuid(2), causationId: null })
    t.match(announced, {
      specversion: '1.0', id: uuid(1), type: `baton.${fact.type}`, subject: streamOf(fact, fact.id), time: fact.at,
      organization: fact.organization,
    })
    t.strictSame(Object.keys(announced).filter((name) => !/^[a-z0-9]+$/.test(name)), [])
  }
})

t.test('S-66 what concerns a single orchestrator names it', async (t) => {
  const unaddressed = [...definitions].filter(([, { recipient }]) => !recipient).map(([type]) => type)
  t.strictSame(unaddressed.sort(), [
    // A choice among the agents of all.
    'AgentsSelected',
    // Facts of what is done with tasks of many; those of an item concern its owner.
    'BatchDefined', 'BatchDisabled', 'BatchEnabled', 'BatchEnded', 'BatchRunCompleted', 'BatchRunEnded', 'BatchRunLaunched',
    'BatchRunSkipped', 'BatchRunStarted', 'BatchRunStopping', 'BatchUpdated',
    // Facts between tasks: what comes of them is a fact of the task that waits.
    'DependentAdded', 'DependentsRecalled', 'DependentsReleased',
    // Facts of countries.
    'HolidaysSet',
    // Facts of the whole installation.
    'NotaryKeyPublished', 'NotaryKeyRetired',
    // Facts of whole organizations.
    'OrganizationConfigured', 'OrganizationCreated', 'OrganizationGuarded', 'OrganizationResumed', 'OrganizationSuspended',
    // What is found of several orchestrators: what comes of it are facts of tasks.
    'RebalanceApplied', 'RebalanceProposed',
    // Facts of addresses outside.
    'WebhookDeleted', 'WebhookDisabled', 'WebhookPaused', 'WebhookRedeliveryRequested', 'WebhookRegistered', 'WebhookResumed',
    'WebhookSecretRotated', 'WebhookTested', 'WebhookUpdated',
  ])
})

t.test('what an event calls secret stands neither in an announcement nor in a row', async (t) => {
  let seen = 0
  for (const fact of samples) {
    const definition = definitions.get(fact.type)!
    const secrets = Object.entries<z.ZodType>(definition.data.shape).filter(([, schema]) => schema.meta()?.secret)
      .map(([name]) => String((fact.data as any)[name]))
    seen += secrets.length
    const announced = cloudEvent(definition, fact, { eventId: uuid(1), correlationId: null, causationId: null })
    const shown = JSON.stringify([announced, readModels.map((model) => changesOf(model, fact))])
    for (const secret of secrets) t.notOk(shown.includes(secret), fact.type)
  }
  t.ok(seen > 0, 'there is a secret to keep')
})

/** What the commands of a decider take before they may stand, in the first state that was ever stored. */
const holdsOf = cached((decider: Decider): readonly Hold[] => {
  const { id, facts: [first] } = historyOf(decider)[0]!
  const state = decider.evolve(decider.initial, first!, { ...first!.metadata, revision: 0, position: '0' })
  const secret = { hash: 'a'.repeat(64), prefix: 'bk_1' }
  const known = { id, at: now, by: admin, actsFor: null, allowed: scopes, organization, commandId: uuid(900), secret }
  const context = { ...known, look: inhabited().look, settings: defaults }
  return Object.values<Command>(decider.commands).flatMap(({ holds, data, grounds: asked }) =>
    (holds ? fc.sample(inputOf(data), { seed, numRuns: 600 }).flatMap((input) => {
      const wish = data.parse(input)
      const grounds = asked && inhabited().find(asked(state, wish, context))
      return holds(state, wish, { ...context, grounds }) ?? []
    }) : []))
})

/** How somebody is stopped at the gate who must not do one thing and needs an approval for all else. */
function stopped(): readonly Barrier[] {
  const world = inhabited()
  const id = ids[0]!
  const document = { constraints: { forbiddenActions: ['task.cancel'], requireApprovalFor: ['*'] } }
  world.do({ category: 'charter', id, command: 'publish', data: { document } })
  world.do({ category: 'orchestrator', id, command: 'guard', data: {} })
  const context = { ...world.contextOf({ id, by: orchestrator(id) }), approval: id }
  return commands.filter(({ decider }) => decider.category === 'task').flatMap(({ decider, name, command }) =>
    gate.ask({ decider, name, command, said: { id, payload: {} } }, context) ?? [])
}

/** What processes, holds and the gate send. */
const sent = cached((): readonly Intent[] => {
  const reactions = samples.flatMap((fact) => processes.flatMap(({ react }) => react[fact.type]?.(fact) ?? []))
  const barriers = stopped()
  const holds = [...deciders.flatMap(holdsOf), ...barriers.flatMap(({ hold }) => hold ?? [])]
  const held = holds.flatMap(({ take, giveBack }) => [take, giveBack('0')])
  const noted = barriers.flatMap(({ record }) => record ?? [])
  const wanted = reactions.flatMap((reaction) => ('forget' in reaction ? [] : [reaction]))
  const ends = [new Rejection('NO'), { changed: true, revision: 1 }]
  const reports = wanted.flatMap((intent) => ends.flatMap((end) => reportOf(intent, end) ?? []))
  const published = notary.publish([{ keyId: 'a'.repeat(64), publicKey: `${'A'.repeat(43)}=`, signedBy: null, signature: null }])
  const given = outlets.flatMap(({ gaveUp }) => [gaveUp(uuid(1), 'failing'), gaveUp(uuid(1), 'gone')])
  const swept = sweeps.flatMap(({ over: { from }, sends }) => rowsAfter(from, inhabited().log).map(sends))
  const back = watches.flatMap((watch) => samples.filter(({ type }) => watch.begins.includes(type))
    .map(({ id, data, at }) => backAgain(watch, id, data, at)))
  return [...wanted, ...reports, ...held, ...noted, ...swept, ...given, ...back, published]
})

t.test('what processes and holds send is internal, what is internal they or a choice send, with data that it takes', async (t) => {
  const intents = sent()
  const known = new Map(commands.map(({ decider, name, command }) => [`${decider.category}.${name}`, command]))
  for (const { category, command, data, due, key, report } of intents) {
    const target = known.get(`${category}.${command}`)
    t.ok(target?.data.safeParse(data).success, `${category}.${command} takes what it is sent`)
    // What somebody wanted done by a process is anybody's to do, and its outcome is told.
    t.ok(target?.internal || report, `${category}.${command} is nobody else's`)
    t.ok(due === undefined || key, 'what waits has a key')
  }
  const chosen = choices.map(({ sends }) => `${sends.to.category}.${sends.command}`)
  const reached = new Set([...intents.map(({ category, command }) => `${category}.${command}`), ...chosen])
  const unsent = [...known].filter(([name, { internal }]) => internal && !reached.has(name)).map(([name]) => name)
  t.strictSame(unsent.sort(), [], 'somebody sends each')
  const answered = processes.flatMap(({ react }) => Object.keys(react))
  t.strictSame(answered.filter((type) => !definitions.has(type)), [], 'processes answer declared events')
})

/** The same step with words in it that are not ASCII, where the command takes them. */
function worded(step: Step): Step {
  const { category, command, data } = step.wish
  const other: unknown = JSON.parse(JSON.stringify(data).replaceAll('"a"', '"Büro ✓"'))
  const { data: schema } = deciders.find((decider) => decider.category === category)!.commands[command]!
  return schema.safeParse(other).success ? { ...step, wish: { ...step.wish, data: other } } : step
}

t.test('every stream that Baton writes to has a name in ASCII, whatever words it was told', async (t) => {
  const streams = new Set(sent().map(({ category, id }) => streamOf({ category }, id)))
  let isWorded = false
  fc.assert(fc.property(fc.array(stepOf(deciders), { minLength: 30, maxLength: 80, size: 'max' }), (steps) => {
    for (const fact of lived(steps.map(worded)).log) {
      isWorded ||= JSON.stringify(fact.data).includes('Büro')
      streams.add(streamOf(fact, fact.id))
      for (const wish of processes.flatMap(({ react }) => react[fact.type]?.(fact) ?? []))
        if (!('forget' in wish)) streams.add(streamOf(wish, wish.id))
    }
  }), { seed, numRuns: 30 })
  t.ok(isWorded && streams.size > deciders.length, `such words were told, to ${streams.size} streams`)
  t.strictSame([...streams].filter((stream) => !/^[\x21-\x7e]+$/.test(stream)), [])
})

const untouchable = () => { throw new Error('somebody writes to what is not theirs') }

/** The same value, which from now on throws when it is written to. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (value instanceof Map) {
    for (const item of value.values()) frozen(item)
    Object.assign(value, { set: untouchable, delete: untouchable, clear: untouchable })
  } else {
    for (const item of Object.values(value)) frozen(item)
  }
  return Object.freeze(value)
}

/** Acts rather than states to be in: asked for again under another id, they are done again. */
const acts = new Set([
  'task.recall', 'orchestrator.restart', 'task.requireApproval', 'conversation.post', 'charter.rollback', 'ledger.consume',
  'ledger.consumeOfOrganization', 'ledger.book', 'decision.argue', 'decision.remind',
  'webhook.rotate', 'webhook.redeliver', 'webhook.test',
])

/**
 * They mend what a race or an outage left, of which there is little where everything happens one after the other, or name one thing among
 * very many.
 */
const seldom = new Set([
  'task.breakCircle', 'task.waitForDependencies', 'task.withdrawApproval', 'dependents.recall', 'agent.breakCircle', 'charter.activate',
  'actionApproval.use', 'capacity.reconcile', 'ensemble.lose',
])

/** Everything that a decision promises, on one command in one state of the world. */
function lawful(world: World, { wish, wait_ms }: Step, met: Set<string>) {
  world.pass(wait_ms)
  const { category, id, command } = wish
  const decider = deciders.find((decider) => decider.category === category)!
  const { data: schema, decide, grounds: asked, supply } = decider.commands[command]!
  const data = frozen(sealedForTests(schema, schema.parse(wish.data)))
  const state = frozen(world.look(decider, id))
  const known = world.contextOf(wish)
  const grounds = asked?.(state, data, known)
  const wanted = supply?.(state, data, known)
  const context = { ...known, grounds: grounds && world.find(grounds), supplied: wanted && world.supply(wanted) }
  const decision = decide(state, data, context)
  const again = decide(state, data, context)
  if (!isDeepStrictEqual(again, decision)) throw new Error(`${command} decides differently on the same`)
  met.add(`${decider.category}.${command} ${decision instanceof Rejection ? decision.code : decision.length > 0}`)
  if (decision instanceof Rejection) {
    if (!(decision.code in decider.rejections)) throw new Error(`${decider.category} does not declare ${decision.code}`)
    return
  }
  for (const fact of decision) {
    const definition = decider.events.definitions[fact.type]
    const stored = decode(definition!, JSON.parse(JSON.stringify(fact.data)), versionOf(definition!))
    if (!isDeepStrictEqual(stored, fact.data)) throw new Error(`${fact.type} does not survive storage`)
  }
  if (decision.length === 0) return
  if (world.do(wish, context) instanceof Rejection) return
  const more = decide(world.look(decider, id), data, context)
  if (!(more instanceof Rejection) && more.length > 0 && !acts.has(`${decider.category}.${command}`))
    throw new Error(`${command} adds to itself when it is sent again`)
}

t.test('S-15 whatever is asked, a decision never throws, is the same on the same, touches nothing, tells what can be stored', async (t) => {
  const met = new Set<string>()
  fc.assert(fc.property(lives(40, 120), (steps) => {
    const world = inhabited()
    for (const step of steps) lawful(world, step, met)
    // The more commands there are, the more it takes until each has met what it needs.
  }), { seed, numRuns: 4 * commands.length })
  const tried = new Set([...met].map((one) => one.split(' ')[0]))
  const names = commands.map(({ decider, name }) => `${decider.category}.${name}`)
  t.strictSame(names.filter((name) => !tried.has(name)), [], 'every command was tried')
  const signalled = new Set(commands.filter(({ command }) => command.signal).map(({ decider, name }) => `${decider.category}.${name}`))
  const isToldOnly = (name: string) => !met.has(`${name} true`) && met.has(`${name} false`)
  t.strictSame([...signalled].filter((name) => !isToldOnly(name)), [], 'F-3 a signal is told and is no fact')
  const idle = names.filter((name) => !met.has(`${name} true`) && !seldom.has(name) && !signalled.has(name))
  t.strictSame(idle, [], 'every command led to facts')
})

t.test('whatever happened, every read model takes it, row by row as declared', async (t) => {
  fc.assert(fc.property(fc.array(stepOf(deciders), { minLength: 30, maxLength: 80, size: 'max' }), (steps) => {
    const { log } = lived(steps)
    for (const model of readModels) for (const row of rowsAfter(model, log)) {
      model.row.strict().parse(row)
      model.computed.strict().parse(model.compute(row))
    }
  }), { seed, numRuns: 60 })
  t.pass('no row is out of shape')
})
