import { streamOf, type Decider } from 'shared-domain/kernel/decider.ts'
import { sealedIn, withSealed } from 'shared-domain/kernel/sealed.ts'
import { Problem } from 'shared-service/problems.ts'
import type { Sealing } from 'shared-service/sealing.ts'
import type { Request, Run } from './request.ts'

/** The name of the field that holds a secret that was made. */
const field = 'secret'

/** A command as it is decided: what must not be kept as it was said is sealed. What comes from Baton itself was sealed before. */
export function sealedBy(
  sealing: Sealing | undefined, decider: Decider, name: string, data: any, { made, ...request }: Request,
): Pick<Run, 'data' | 'said' | 'request'> {
  const { data: schema, internal } = decider.commands[name]!
  const isSealed = !internal && sealedIn(schema).some((name) => typeof data[name] === 'string')
  if (!isSealed && made === undefined) return { data, said: data, request }
  if (!sealing) throw new Problem('SERVICE_UNAVAILABLE', 'There is no key to seal with.')
  const place = { organization: request.organization, stream: streamOf(decider, request.id) }
  return {
    data: internal ? data : withSealed(schema, data, (text, field) => sealing.seal(text, { ...place, field })),
    said: internal ? data : withSealed(schema, data, sealing.markOf),
    request: made === undefined ? request : { ...request, sealedSecret: sealing.seal(made, { ...place, field }) },
  }
}
