import { canonicalJson } from '../../kernel/canonical-json.ts'
import { vouched, type PublicKey } from '../../kernel/notary.ts'
import { difference, fault, type Fault } from './fault.ts'
import { contentOf, sealedParts, sealOf } from './making.ts'
import { replayed } from './replaying.ts'
import { Dossier } from './shape.ts'

/** What only somebody with the means of cryptography can say. */
export interface Means {
  /** The fingerprint of a public key. */
  readonly fingerprintOf: (publicKey: string) => string
  readonly isSigned: (publicKey: string, text: string, signature: string) => boolean
}

export interface Proven {
  readonly dossier: Dossier
  /** Fingerprints of the keys that lead to the one that signed, which is the last. */
  readonly keys: readonly string[]
}

export const isProven = (found: Proven | Fault): found is Proven => 'dossier' in found

/** A value of JSON as a dossier, or what of its shape is wrong. */
function shaped(value: unknown): Dossier | Fault {
  const { error } = Dossier.safeParse(value)
  // Not what the parser makes of it, which writes ids in small letters.
  if (!error) return value as Dossier
  const [issue] = error.issues
  return fault(`/${issue!.path.map(String).join('/')}`, issue!.message)
}

/** The chain of keys: each is what its fingerprint says, and vouched for by the one before; the last signs. */
function keyFault({ keys, signature }: Dossier, { fingerprintOf, isSigned }: Means): Fault | undefined {
  for (const [index, key] of keys.entries()) {
    const pointer = `/keys/${index}`
    const before: PublicKey | undefined = keys[index - 1]
    if (fingerprintOf(key.publicKey) !== key.keyId) return fault(`${pointer}/keyId`, 'is not the fingerprint of this key')
    if (key.signedBy !== (before?.keyId ?? null)) return fault(`${pointer}/signedBy`, 'is not the key before')
    const isVouched = before ? key.signature !== null && isSigned(before.publicKey, vouched(key), key.signature) : key.signature === null
    if (!isVouched) return fault(`${pointer}/signature`, 'is not by the key before')
  }
  return signature.keyId === keys.at(-1)!.keyId ? undefined : fault('/signature/keyId', 'is not the last of the keys')
}

const nameOf = (dossier: Dossier, pointer: string): string => {
  const index = /^\/facts\/(\d+)$/.exec(pointer)?.[1]
  const fact = index === undefined ? undefined : dossier.facts[Number(index)]
  if (!fact) return ''
  const { elector } = fact.data
  return typeof elector === 'string' ? `${fact.type} of ${elector}: ` : `${fact.type}: `
}

/** The first part that is not what its seal says. */
function sealFault(dossier: Dossier): Fault | undefined {
  const parts = sealedParts(dossier)
  for (const [index, [pointer, part]] of parts.entries()) {
    const seal = dossier.seals[index]
    if (seal?.pointer !== pointer) return fault(`/seals/${index}`, `is not the seal of ${pointer}`)
    if (seal.sha256 !== sealOf(part)) return fault(pointer, `${nameOf(dossier, pointer)}sealed content differs`)
  }
  return parts.length === dossier.seals.length ? undefined : fault(`/seals/${parts.length}`, 'seals nothing')
}

function signatureFault(dossier: Dossier, { isSigned }: Means): Fault | undefined {
  const { format, decision, organization, revision, position, seals, signature, keys } = dossier
  const signed = canonicalJson({ format, decision, organization, revision, position, seals })
  if (isSigned(keys.at(-1)!.publicKey, signed, signature.value)) return undefined
  const also = sealFault(dossier)
  return fault('/signature', `does not fit what it signs${also ? `; ${also.pointer}: ${also.says}` : ''}`)
}

function contentFault(dossier: Dossier): Fault | undefined {
  const { facts: written, revision, position } = dossier
  const found = replayed(written, dossier)
  if ('pointer' in found) return found
  const content = contentOf(found.facts, written, found.state)
  for (const [name, part] of Object.entries(content)) {
    const at = difference(`/${name}`, dossier[name as keyof typeof content], part)
    if (at !== undefined) return fault(at, 'is not what the facts say')
  }
  const last = written.at(-1)!
  if (last.revision !== revision) return fault('/revision', 'is not that of the last fact')
  return last.position === position ? undefined : fault('/position', 'is not that of the last fact')
}

/** Whether a dossier is what was made of the log, without asking anybody: else the first thing that is not (C-46). */
export function verified(text: string, means: Means): Proven | Fault {
  const value: unknown = JSON.parse(text)
  const dossier = shaped(value)
  if ('pointer' in dossier) return dossier
  if (canonicalJson(value) !== text) return fault('', 'is not written in the canonical way')
  return keyFault(dossier, means) ?? signatureFault(dossier, means) ?? sealFault(dossier) ?? contentFault(dossier)
    ?? { dossier, keys: dossier.keys.map(({ keyId }) => keyId) }
}
