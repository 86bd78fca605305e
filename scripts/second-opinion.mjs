// Verifies a dossier of Baton by itself: it shares no code with `baton verify-decision`. node scripts/second-opinion.mjs FILE
import { createHash, createPublicKey, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'

const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`
}
const hash = (value) => createHash('sha256').update(typeof value === 'string' ? value : canonical(value)).digest('hex')
const check = (holds, what) => {
  if (holds) return
  console.log(`altered: ${what}`)
  process.exit(1)
}

const signedBy = (key, text, signature) => {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(key, 'base64').toString('base64url') }
  return verify(null, Buffer.from(text), createPublicKey({ key: jwk, format: 'jwk' }), Buffer.from(signature, 'base64'))
}

function checkKeys({ keys, signature, format, decision, organization, revision, position, seals }) {
  keys.forEach(({ keyId, publicKey, signedBy: by, signature: vouch }, index) => {
    const id = createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex')
    check(id === keyId, `/keys/${index}`)
    const before = keys[index - 1]
    const words = canonical({ format: 'baton-notary-key/1', keyId, publicKey })
    check(before ? by === before.keyId && signedBy(before.publicKey, words, vouch) : by === null && vouch === null, `/keys/${index}`)
  })
  check(keys.at(-1).keyId === signature.keyId, '/signature/keyId')
  const head = canonical({ format, decision, organization, revision, position, seals })
  check(signedBy(keys.at(-1).publicKey, head, signature.value), '/signature')
}

function checkSeals(dossier) {
  const { question, rule, electorate, facts, votes, outcome, dissent, seals } = dossier
  const parts = [['/question', question], ['/rule', rule], ['/electorate', electorate],
    ...facts.map((fact, index) => [`/facts/${index}`, fact]), ['/votes', votes], ['/outcome', outcome], ['/dissent', dissent]]
  check(parts.length === seals.length, '/seals')
  parts.forEach(([pointer, part], index) => check(seals[index].pointer === pointer && seals[index].sha256 === hash(part), pointer))
}

/** The sums of what counts after the votes so far: a vote of one's own, else that of the first in the chain of proxies who has voted. */
function sums(votes, seats, unit) {
  const total = { APPROVE: 0n, REJECT: 0n, ABSTAIN: 0n, all: 0n, cast: 0n }
  for (const [elector, { weight }] of seats) {
    let who = elector
    for (let links = 0; who && !votes.has(who) && links < 3; links++) who = seats.get(who)?.proxy
    const units = unit === 'heads' ? 1n : BigInt(weight)
    total.all += units
    if (!who || !votes.has(who)) continue
    total.cast += units
    total[votes.get(who)] += units
  }
  return total
}

const reaches = (part, whole, share, over) => {
  const [n, d] = share.split('/').map(BigInt)
  return over ? part * d > n * whole : part * d >= n * whole
}

function outcomeOf({ rule, facts }) {
  const seats = new Map(facts[0].data.electorate.map((seat) => [seat.elector, { ...seat }]))
  const votes = new Map()
  for (const { type, data } of facts) {
    if (type === 'VoteCast' || type === 'VoteChanged') votes.set(data.elector, data.vote)
    if (type === 'BallotsOpened') for (const { elector, vote } of data.ballots) votes.set(elector, vote)
    if (type === 'ProxyChosen') seats.get(data.elector).proxy = data.to
  }
  const carrier = (id, links = 0) => (!id || votes.has(id) || links === 3 ? id : carrier(seats.get(id)?.proxy, links + 1))
  if (rule.vetoers.some((id) => votes.get(carrier(id)) === 'REJECT')) return 'rejected'
  const quorum = sums(votes, seats, rule.quorumBy)
  if (quorum.cast === 0n || !reaches(quorum.cast, quorum.all, rule.quorum, false)) return 'expired'
  const { APPROVE: a, REJECT: r, all } = sums(votes, seats, rule.weighing)
  const rules = { majority: () => a > r, supermajority: () => a > 0n && reaches(a, a + r, rule.threshold, rule.over), unanimous: () => a === all }
  return (rules[rule.protocol] ?? (() => reaches(a, all, rule.threshold, rule.over)))() ? 'approved' : 'rejected'
}

const dossier = JSON.parse(readFileSync(process.argv[2], 'utf8'))
checkKeys(dossier)
checkSeals(dossier)
const isCounted = !dossier.rule.protocol.match(/runoff|schulze/) && dossier.outcome.status !== 'cancelled'
if (isCounted) check(dossier.outcome.status === outcomeOf(dossier), '/outcome/status')
console.log(`valid: ${dossier.outcome.status}${isCounted ? '' : ' (not counted)'}`)
