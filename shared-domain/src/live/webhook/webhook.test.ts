import t from 'tap'
import { orchestrator } from '../../fleet/orchestrator/decider.ts'
import { deliveries, deliveryTargets } from '../../kernel/delivery-rows.ts'
import { answered, picture, recorded } from '../../kernel/picture.ts'
import { behaviour, replay, now, subject, uuid } from '../../kernel/testing.ts'
import { later } from '../../kernel/time.ts'
import { World } from '../../kernel/world.ts'
import { webhook } from './decider.ts'
import { Webhook, type WebhookEvent } from './events.ts'
import { isOf, webhookOutlet } from './outlet.ts'
import { webhookDeliveries, webhookHealth } from './questions.ts'
import { webhookState } from './state.ts'
import { webhooks } from './webhooks.ts'

const url = 'https://example.org/hook'
const terms = { url, types: ['*'], orchestrator: null, workspace: null, description: null, parallel: 4 }
const secret = 'sealed:none:1'
const registered = (more: object = {}) => Webhook.WebhookRegistered({ ...terms, from: null, secret, ...more } as never)
const paused = Webhook.WebhookPaused({ reason: null })
const disabled = Webhook.WebhookDisabled({ cause: 'failing' })
const deleted = Webhook.WebhookDeleted({})
const grounds = (count: number) => ({ rows: { others: count ? [{ count }] : [] }, position: '1', digest: 'x' })
const known = { sealedSecret: secret, grounds: grounds(0) }

t.test('L-30 a webhook has an address, types and a secret, and there are a hundred at the most', async (t) => {
  const { given } = behaviour(t, webhook)
  const when = (context: object, data: object = {}) =>
    given().with({ ...known, ...context }).when('register', { url, types: ['*'], ...data })
  when({}).yields(registered())
  when({}, { types: ['TaskCreated', 'task.updated'], parallel: 16, from: '7', description: 'd', workspace: 'docks' })
    .yields(registered({ types: ['TaskCreated', 'task.updated'], parallel: 16, from: '7', description: 'd', workspace: 'docks' }))
  when({ grounds: grounds(99) }).yields(registered())
  when({ grounds: grounds(100) }).refuses('LIMIT_REACHED')
  when({}, { orchestrator: uuid(7) }).refuses('NOT_FOUND')
  given(registered()).with(known).when('register', { url, types: ['*'] }).changesNothing()
  for (const types of [[], ['nonsense'], ['task.deleted'], Array.from({ length: 101 }, () => '*')])
    t.notOk(webhook.commands.register.data.safeParse({ url, types }).success, types.join())
})

t.test('L-36 nothing is registered for where nothing may be sent', async (t) => {
  const { given } = behaviour(t, webhook)
  const when = (to: string, networks: readonly string[] = [], webhookNetworks: readonly string[] = []) =>
    given().with({ ...known, networks, settings: { webhookNetworks } }).when('register', { url: to, types: ['*'] })
  const forbidden = [
    'http://example.org', 'https://10.0.0.1/', 'https://[::1]/', 'https://a@example.org', 'https://example.org/#x', 'ftp://example.org',
  ]
  for (const to of forbidden) when(to).refuses('DESTINATION_FORBIDDEN')
  when('nonsense').refuses('VALIDATION_ERROR')
  when('http://10.0.0.1/', ['10.0.0.0/8']).yields(registered({ url: 'http://10.0.0.1/' }))
  when('http://10.0.0.1/', ['10.0.0.0/8'], ['10.9.0.0/16']).refuses('DESTINATION_FORBIDDEN')
  given(registered()).with(known).when('update', { url: 'https://127.0.0.1/' }).refuses('DESTINATION_FORBIDDEN')
})

t.test('L-31 what is sent, where to and the secret may change, until it is deleted', async (t) => {
  const { given } = behaviour(t, webhook)
  given(registered()).when('update', { types: ['TaskCreated'], workspace: 'docks' })
    .yields(Webhook.WebhookUpdated({ ...terms, types: ['TaskCreated'], workspace: 'docks' }))
  given(registered()).when('update', { url }).changesNothing()
  given(registered()).when('update', { orchestrator: uuid(7) }).refuses('NOT_FOUND')
  given(registered()).with({ sealedSecret: 'sealed:none:2' }).when('rotate', { overlap_s: 60 })
    .yieldsEachTime(Webhook.WebhookSecretRotated({ secret: 'sealed:none:2', oldUntil: later(now, 60_000) }))
  const rotated = Webhook.WebhookSecretRotated({ secret: 'sealed:none:2', oldUntil: later(now, 1) })
  const { secrets } = replay(webhookState, [registered(), rotated]) as any
  t.strictSame(secrets, [{ secret: 'sealed:none:2', until: null }, { secret, until: later(now, 1) }])
  const commands = ['update', 'rotate', 'pause', 'resume', 'redeliver', 'test'] as const
  for (const command of commands) {
    const data = command === 'redeliver' ? { deliveries: [uuid(1)] } : {}
    given(registered(), deleted).with(known).when(command, data as never).refuses('NOT_FOUND')
    given().with(known).when(command, data as never).refuses('NOT_FOUND')
  }
})

t.test('L-32 L-33 L-35 it pauses, is disabled and goes on, and is deleted from anywhere', async (t) => {
  const { given } = behaviour(t, webhook)
  given(registered()).when('pause', { reason: 'noise' }).yields(Webhook.WebhookPaused({ reason: 'noise' }))
  given(registered(), paused).when('pause', {}).changesNothing()
  given(registered(), disabled).when('pause', {}).refuses('INVALID_STATE_TRANSITION')
  for (const stopped of [paused, disabled]) {
    given(registered(), stopped).when('resume', {}).yields(Webhook.WebhookResumed({ from: 'kept' }))
    given(registered(), stopped).when('resume', { from: 'now' }).yields(Webhook.WebhookResumed({ from: 'now' }))
    given(registered(), stopped).when('disable', { cause: 'gone' }).changesNothing()
    given(registered(), stopped).when('delete', {}).yields(deleted)
  }
  given(registered()).when('resume', {}).changesNothing()
  given(registered()).when('disable', { cause: 'gone' }).yields(Webhook.WebhookDisabled({ cause: 'gone' }))
  given(registered(), deleted).when('delete', {}).changesNothing()
  given().when('delete', {}).refuses('NOT_FOUND')
})

t.test('L-34 what was sent is sent once more, by event or by a part of the log, and a test each time', async (t) => {
  const { given } = behaviour(t, webhook)
  const again = (more: object) => Webhook.WebhookRedeliveryRequested({ deliveries: [], from: null, to: null, types: null, ...more })
  given(registered()).when('redeliver', { deliveries: [uuid(5)] }).yieldsEachTime(again({ deliveries: [uuid(5)] }))
  given(registered()).when('redeliver', { from: '3', to: '9', types: ['TaskCreated'] })
    .yieldsEachTime(again({ from: '3', to: '9', types: ['TaskCreated'] }))
  given(registered()).when('test', {}).yieldsEachTime(Webhook.WebhookTested({}))
  for (const command of ['redeliver', 'test'] as const)
    given(registered(), paused).when(command, { deliveries: [uuid(5)] } as never).refuses('INVALID_STATE_TRANSITION')
  const takes = (data: object) => webhook.commands.redeliver.data.safeParse(data).success
  const wrong = [{}, { deliveries: [uuid(1)], from: '1' }, { from: '9', to: '3' }, { deliveries: [uuid(1)], to: '3' }]
  t.strictSame(wrong.filter(takes), [])
})

t.test('the list shows how webhooks stand, and never a secret', async (t) => {
  const fact = (n: number, event: WebhookEvent) => recorded(webhookState, event, { revision: n, at: later(now, n) })
  const row = {
    webhook: subject, status: 'ACTIVE' as const, ...terms, reason: null, cause: null, old_until: null, registered_at: now, updated_at: now,
  }
  picture(t, webhooks).after(fact(0, registered())).shows(row)
  picture(t, webhooks).after(fact(0, registered()), fact(1, Webhook.WebhookPaused({ reason: 'noise' })))
    .matches({ status: 'PAUSED', reason: 'noise' })
  const rest = [
    Webhook.WebhookUpdated({ ...terms, parallel: 1 }), Webhook.WebhookSecretRotated({ secret: 'sealed:none:2', oldUntil: now }), disabled,
    Webhook.WebhookResumed({ from: 'kept' }), deleted,
  ]
  picture(t, webhooks).after(fact(0, registered()), ...rest.map((event, n) => fact(n + 1, event)))
    .shows({ ...row, parallel: 1, old_until: now, status: 'DELETED', updated_at: later(now, 5) })
})

t.test('L-30 a webhook wants types, words for types, one orchestrator, one workspace', async (t) => {
  const created = { type: 'TaskCreated', category: 'task' }
  const wanted = [
    ['*', true], ['TaskCreated', true], ['task.created', true], ['task.updated', true], ['task.assigned', false], ['TaskFailed', false],
  ] as const
  for (const [type, is] of wanted) t.equal(isOf([type], created), is, type)
  t.notOk(isOf(['task.updated'], { type: 'TaskCreated', category: 'post' }))
  const wants = (more: object, told: object = {}) => webhookOutlet.target(replay(webhookState, [registered(more)]))!
    .wants({
      fact: recorded({ category: 'task' }, { type: 'TaskCreated', data: {} }), recipient: uuid(3), label: () => 'docks', ...told,
    } as never)
  t.strictSame([wants({}), wants({ orchestrator: uuid(3) }), wants({ orchestrator: uuid(4) })], [true, true, false])
  t.strictSame([wants({ workspace: 'docks' }), wants({ workspace: 'yard' })], [true, false])
  t.notOk(webhookOutlet.target(replay(webhookState, [registered(), deleted])))
  t.notOk(webhookOutlet.target(replay(webhookState, [])))
  t.match(webhookOutlet.target(replay(webhookState, [registered({ workspace: 'x' }), paused])), { isOpen: false, wantsLabel: true })
})

t.test('L-32 L-34 what a fact of a webhook asks of whoever sends', async (t) => {
  const directive = (event: WebhookEvent) => webhookOutlet.directive(recorded(webhookState, event))
  t.strictSame(directive(registered()), { begin: 'here' })
  t.strictSame(directive(registered({ from: '7' })), { begin: '7' })
  t.strictSame(directive(Webhook.WebhookResumed({ from: 'now' })), { begin: 'here' })
  t.equal(directive(Webhook.WebhookResumed({ from: 'kept' })), undefined)
  t.equal(directive(paused), undefined)
  t.strictSame(directive(Webhook.WebhookTested({})), { send: 'this' })
  const again = { deliveries: [uuid(1)], from: null, to: null, types: null }
  t.strictSame(directive(Webhook.WebhookRedeliveryRequested(again)), { again: { events: [uuid(1)] } })
  t.strictSame(directive(Webhook.WebhookRedeliveryRequested({ ...again, deliveries: [], from: '1' })), {
    again: { from: '1', to: null, types: null },
  })
  const some = directive(Webhook.WebhookRedeliveryRequested({ ...again, deliveries: [], from: '1', types: ['TaskCreated'] })) as any
  t.strictSame([some.again.types({ type: 'TaskCreated' }), some.again.types({ type: 'TaskFailed' })], [true, false])
  t.match(webhookOutlet.gaveUp(subject, 'gone'), { category: 'webhook', id: subject, command: 'disable', data: { cause: 'gone' } })
})

t.test('L-34 deliveries and how a webhook fares are read of what the deliverer wrote', async (t) => {
  const world = new World([webhook, orchestrator])
  world.append(webhook, subject, [registered()], world.contextOf({ id: subject }))
  const target = `webhook-${subject}`
  const sent = (n: number, state: string) => ({
    target, event: uuid(n), position: String(n), stream: 'task-1', type: n % 2 ? 'A' : 'B', state, attempt: 1, next_at: null,
    status: 200, ms: 3, error: null, answer: null, at: now,
  })
  const rows = new Map<object, readonly any[]>([
    [webhooks, [{ webhook: subject }]], [deliveries, [sent(1, 'DELIVERED'), sent(2, 'PENDING'), sent(3, 'DEAD'), sent(10, 'PENDING')]],
    [deliveryTargets, [{ target, position: '9', is_level: false, last_success: now }]],
  ])
  const ask = (question: any, query = {}, id = subject) =>
    answered(question, { params: { webhook: id }, query }, (model) => rows.get(model) ?? []) as any
  t.strictSame(ask(webhookDeliveries).items.map(({ position }: any) => position), ['10', '3', '2', '1'])
  t.strictSame(ask(webhookDeliveries, { state: 'PENDING', type: 'B' }).items.length, 2)
  t.strictSame(ask(webhookHealth), { log_position: '9', behind: true, pending: 2, dead: 1, lastSuccess: now })
  rows.set(deliveryTargets, [])
  rows.set(deliveries, [])
  t.strictSame(ask(webhookHealth), { log_position: null, behind: false, pending: 0, dead: 0, lastSuccess: null })
  t.strictSame([ask(webhookHealth, {}, uuid(9)), ask(webhookDeliveries, {}, uuid(9))], [undefined, undefined])
})
