import t from 'tap'
import { Document, withLimitsOf } from './document.ts'
import { Envelope, hashOf } from './envelope.ts'
import { judged, type Terms } from './verdict.ts'

const document: Document = {
  limits: { costPerAction: 100 },
  constraints: {
    forbiddenCommands: ['rm -rf'], forbiddenPaths: ['/etc'], forbiddenActions: ['fleet.*'], requireApprovalFor: ['deploy.*', 'task.cancel'],
  },
  heuristics: { autoApprove: ['task.*'], alwaysReject: ['vote.sell'], requireConfirmation: ['mail.send'], escalate: ['wire.*'] },
}
const terms: Terms = { document, isReduced: false, left: 1_000 }
const says = (said: Envelope, more: Partial<Terms> = {}) => {
  const { verdict, rule } = judged({ ...terms, ...more }, said)
  return rule ? [verdict, rule.list, rule.pattern] : [verdict]
}

t.test('F-76 the first rule that fits decides', async (t) => {
  t.strictSame(says({ action: 'task.create', command: 'rm  -rf /' }), ['denied', 'forbiddenCommands', 'rm -rf'])
  t.strictSame(says({ action: 'task.create', path: '/etc/x' }), ['denied', 'forbiddenPaths', '/etc'])
  t.strictSame(says({ action: 'Fleet.stop' }), ['denied', 'forbiddenActions', 'fleet.*'])
  t.strictSame(says({ action: 'vote.sell' }), ['denied', 'alwaysReject', 'vote.sell'])
  t.strictSame(says({ action: 'task.create', cost: 1_001 }), ['denied', 'budget', '1000'])
  t.strictSame(says({ action: 'task.create', cost: 1_000 }), ['needs_approval', 'costPerAction', '100'])
  t.strictSame(says({ action: 'task.cancel', cost: 100 }), ['allowed', 'autoApprove', 'task.*'], 'before what would need an approval')
  t.strictSame(says({ action: 'deploy.site' }), ['needs_approval', 'requireApprovalFor', 'deploy.*'])
  t.strictSame(says({ action: 'mail.send' }), ['needs_approval', 'requireConfirmation', 'mail.send'])
  t.strictSame(says({ action: 'wire.money' }), ['needs_approval', 'escalate', 'wire.*'])
  t.strictSame(says({ action: 'walk', command: 'ls', path: '/srv', cost: 1 }), ['allowed'])
  t.strictSame(says({ action: 'task.create', command: 'rm -rf', path: '/etc' }), ['denied', 'forbiddenCommands', 'rm -rf'], 'in this order')
})

t.test('F-76 F-79 without a charter all is allowed; with less autonomy nothing is approved by itself', async (t) => {
  t.strictSame(says({ action: 'fleet.stop', command: 'rm -rf', cost: 9 }, { document: {}, left: null }), ['allowed'])
  t.strictSame(says({ action: 'task.cancel' }, { isReduced: true }), ['needs_approval', 'requireApprovalFor', 'task.cancel'])
  t.strictSame(says({ action: 'task.create' }, { isReduced: true }), ['allowed'])
})

t.test('F-6 F-22 an action is known by its hash, whatever the order of what is said', async (t) => {
  const one = { action: 'task.create', path: '/tasks', payload: { title: 'x', tags: ['a', 'b'] } }
  t.equal(hashOf(one), hashOf({ payload: { tags: ['a', 'b'], title: 'x' }, path: '/tasks', action: 'task.create' }))
  t.equal(hashOf(one), hashOf(Envelope.parse({ ...one, cost: undefined })))
  for (const other of [{ ...one, action: 'task.update' }, { ...one, cost: 0 }, { ...one, payload: { title: 'x', tags: ['b', 'a'] } }])
    t.not(hashOf(one), hashOf(other))
  t.equal(
    hashOf({ action: 'task.create', path: '/tasks', payload: { title: 'x' } }),
    'bcd4fc9e9ec4226e4de52e59f0ca3c0f11cb37fbe4d53c0e440ad4fc870e2100',
  )
})

t.test('F-75 a document has bounds, and the limits of a tier where it does not say them', async (t) => {
  const takes = (said: unknown) => Document.safeParse(said).success
  t.ok(takes({}) && takes(document) && takes({ mission: 'x', values: ['y'], objectives: { z: 1 } }))
  for (const wrong of [
    { limits: { maxSessions: -1 } }, { constraints: { forbiddenPaths: Array(101).fill('/x') } }, { heuristics: { autoApprove: [''] } },
    { constraints: { forbidden: [] } }, { hopes: 'many' }, { mission: 'x'.repeat(32 * 1024) }, { limits: { costPerAction: .5 } },
  ]) t.notOk(takes(wrong), JSON.stringify(wrong).slice(0, 60))
  t.ok(takes({ mission: 'x'.repeat(32 * 1024 - 14) }))
  t.strictSame([0, 1, 2, 3].map((tier) => withLimitsOf(tier, {})),
    [{}, {}, { limits: { maxSessions: 10 } }, { limits: { tokensPerSession: 50_000 } }])
  t.strictSame(withLimitsOf(2, { limits: { maxSessions: 3, costPerAction: 1 } }), { limits: { maxSessions: 3, costPerAction: 1 } })
})

t.test('F-76 an envelope has bounds', async (t) => {
  const takes = (more: object) => Envelope.safeParse({ action: 'x', ...more }).success
  t.ok(takes({ command: 'x'.repeat(4_000), path: 'x'.repeat(2_000), cost: 0, payload: ['x'.repeat(16 * 1024 - 4)] }))
  for (const wrong of [
    { action: '' }, { action: 'x'.repeat(201) }, { command: 'x'.repeat(4_001) }, { path: 'x'.repeat(2_001) }, { cost: -1 },
    { payload: 'x'.repeat(16 * 1024) },
  ]) t.notOk(takes(wrong), JSON.stringify(wrong).slice(0, 60))
})
