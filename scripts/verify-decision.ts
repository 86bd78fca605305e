import { readFileSync } from 'node:fs'
import { isProven, verified, type Proven } from 'shared-domain/council/dossier/verifying.ts'
import { fingerprintOf, isSigned } from 'shared-service/notary-key.ts'
import { parsed, print, printJson, Usage, type Command } from '../infra/console/command.ts'

const strictly = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The file as it is, but for an end of line that whoever saved it may have added. Throws where it is no text of JSON. */
function textOf(file: string): string {
  try {
    const text = strictly.decode(readFileSync(file)).replace(/\n$/, '')
    JSON.parse(text)
    return text
  } catch (error) {
    throw new Usage(`${file} is no dossier that can be read: ${(error as Error).message}.`)
  }
}

/** Prints what was found; the exit code. */
function told({ dossier: { decision, outcome }, keys }: Proven, trusted: string | undefined, json: boolean): number {
  const signer = keys.at(-1)!
  const isPinned = trusted !== undefined && keys.includes(trusted)
  if (trusted !== undefined && !isPinned) {
    if (json) printJson({ valid: false, pointer: '/keys', says: 'do not come from the trusted key' })
    else print('/keys: do not come from the trusted key')
    return 1
  }
  const { status, option } = outcome
  if (json) printJson({ valid: true, decision, status, option, key: signer, pinned: isPinned })
  else print(`valid: ${decision} is ${status}${option === null ? '' : ` (${option})`}, signed by ${signer}${isPinned ? '' : '; key not pinned'}`)
  return 0
}

export const verifyDecision: Command = {
  about: 'Verify the dossier of a decision offline, and say what was altered first. Exit 0 valid, 1 altered, 2 not readable.',
  usage: 'verify-decision FILE [--trust FINGERPRINT] [--json]',
  async run(args) {
    const { values: { trust, json }, positionals: [file, ...more] } = parsed({
      args: [...args], allowPositionals: true, options: { trust: { type: 'string' }, json: { type: 'boolean', default: false } },
    })
    if (file === undefined || more.length > 0) throw new Usage('Say which file.')
    const found = verified(textOf(file), { fingerprintOf, isSigned })
    if (isProven(found)) return told(found, trust, json)
    if (json) printJson({ valid: false, ...found })
    else print(`${found.pointer || 'the file'}: ${found.says}`)
    return 1
  },
}
