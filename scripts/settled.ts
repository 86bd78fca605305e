import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isProven, verified } from 'shared-domain/council/dossier/verifying.ts'
import { fingerprintOf, isSigned } from 'shared-service/notary-key.ts'
import type { Answer, Api } from './api.ts'

const weights = [5, 3, 2] as const
const means = { fingerprintOf, isSigned }

/** Who verifies has the file and nothing else. */
const verdict = (text: string): string => {
  const found = verified(text, means)
  return isProven(found) ? `valid, signed by ${found.keys.at(-1)!.slice(0, 12)}` : `${found.pointer}: ${found.says}`
}

/** A vote by weights that is settled before everybody has voted, and the proof of it, in a file of the folder. */
export async function settle(admin: Api, folder: string): Promise<readonly string[]> {
  const voters: { id: string; api: Api }[] = []
  for (const consensusWeight of weights) {
    const { id } = await admin.post('/orchestrators', { name: `Captain of ${consensusWeight}`, consensusWeight })
    const { secret } = await admin.post(`/orchestrators/${id}/keys`, { name: 'demo' })
    voters.push({ id, api: admin.as(secret!) })
  }
  const [heavy, , light] = voters as [typeof voters[number], typeof voters[number], typeof voters[number]]
  const { id } = await admin.post('/decisions', {
    title: 'Replace the crane?', electorate: voters.map(({ id }) => id), protocol: 'weighted', threshold: '60%', quorum: 0.7,
  })
  const vote = (api: Api, comment: string) => api.post(`/decisions/${id}/votes`, { vote: 'APPROVE', comment })
  await vote(heavy.api, 'it creaks')
  const { couldStill } = await admin.get(`/decisions/${id}/standing`)
  const ends = Object.entries(couldStill).filter(([, isPossible]) => isPossible).map(([end]) => end)
  const { status, tally } = await vote(light.api, 'before winter') as Answer & { status: string; tally: { cast: number; electors: number; weights: { approve: string; all: string } } }
  const text = await admin.text(`/decisions/${id}/dossier`)
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${id}.json`)
  writeFileSync(file, text)
  return [
    `"Replace the crane?" by weights of ${weights.join(', ')} at 60 %, quorum 70 %: after the first vote it could still be ${ends.join(', ')};`,
    `  ${status} by the second, ${tally.weights.approve} of ${tally.weights.all}, ${tally.cast} of ${tally.electors} voters`,
    `  its dossier, ${file}: ${verdict(text)}`,
    `  with one word of it altered: ${verdict(text.replace('it creaks', 'it shines'))}`,
  ]
}
