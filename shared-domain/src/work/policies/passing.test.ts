import t from 'tap'
import { uuid } from '../../kernel/testing.ts'
import { passing, type CarryingRow, type PassingTerms, type PeerRow } from './passing.ts'

const peer = (n: number, over: Partial<PeerRow> = {}) =>
  ({ orchestrator: uuid(n), discipline: 'general', capabilities: [], tier: 1, status: 'ONLINE', ...over }) as PeerRow
const carries = (n: number, active: number, max = 5, reserved = 0) => ({ orchestrator: uuid(n), active, reserved, max }) as CarryingRow
const task = { priority: 'MEDIUM' as const, tags: [], requiredCapabilities: [] }
const terms: PassingTerms = { policy: 'federation/1', delegators: [], tried: [], closed: new Map() }
const order = (peers: readonly PeerRow[], carrying: readonly CarryingRow[], over: Partial<PassingTerms> = {}) =>
  passing(peers, carrying, task, { ...terms, ...over }).ranked.map(({ id }) => id)

t.test('W-24 W-43 the best first, then who carries less, then the id, in whichever order they come', async (t) => {
  const peers = [peer(4), peer(2), peer(3), peer(1, { status: 'AWAY' })]
  const carrying = [1, 2, 3, 4].map((n) => carries(n, 0))
  const expected = [2, 3, 4, 1].map(uuid)
  t.strictSame(order(peers, carrying), expected)
  t.strictSame(order(peers.toReversed(), carrying.toReversed()), expected)
  t.strictSame(order([peer(1), peer(2)], [carries(1, 1), carries(2, 0)]), [2, 1].map(uuid), 'who has less to do')
  t.strictSame(order([peer(1), peer(2)], [carries(1, 20, 40), carries(2, 1, 2)]), [2, 1].map(uuid), 'who has fewer slots at one load')
  t.strictSame(order([peer(1), peer(2)], [carries(1, 1)]), [2, 1].map(uuid), 'of whom nothing is shown yet carries nothing')
})

t.test('R-22 W-43 who is outside its hours is left out, unless what is critical is its nevertheless', async (t) => {
  const peers = [1, 2, 3].map((n) => peer(n))
  const closed = new Map([[uuid(1), { allowsCritical: false }], [uuid(2), { allowsCritical: true }]])
  const codes = (priority: 'MEDIUM' | 'CRITICAL') =>
    passing(peers, [], { ...task, priority }, { ...terms, closed }).rejected.map(({ id, code }) => [id, code])
  t.strictSame(codes('MEDIUM'), [[uuid(1), 'CLOSED'], [uuid(2), 'CLOSED']])
  t.strictSame(codes('CRITICAL'), [[uuid(1), 'CLOSED']])
})

t.test('W-43 who passed it on, was tried or is offline is left out, and told why', async (t) => {
  const peers = [1, 2, 3, 4].map((n) => peer(n, n === 3 ? { status: 'OFFLINE' } : {}))
  const left = { delegators: [uuid(1)], tried: [uuid(2), uuid(1)] }
  t.strictSame(passing(peers, [carries(4, 0)], task, { ...terms, ...left }), {
    ranked: [{ id: uuid(4), score: 46 }],
    rejected: [{ id: uuid(1), code: 'DELEGATOR' }, { id: uuid(2), code: 'TRIED' }, { id: uuid(3), code: 'UNAVAILABLE' }],
    counts: { DELEGATOR: 1, TRIED: 1, UNAVAILABLE: 1 },
  })
  t.strictSame(order(peers.slice(0, 3), [], left), [])
})
