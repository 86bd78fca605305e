import type { EventStoreDBClient, RecordedEvent } from '@eventstore/db-client'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { canonicalJson } from 'shared-domain/kernel/canonical-json.ts'
import { Rejection } from 'shared-domain/kernel/decider.ts'
import type { Meta } from 'shared-domain/kernel/fact.ts'
import type { Proof, Written } from 'shared-domain/kernel/proof.ts'
import { Id } from 'shared-domain/vocabulary.ts'
import { prefix } from 'shared-service/addresses.ts'
import type { NotaryKeys } from 'shared-service/notary-key.ts'
import { parsed, Problem, send } from 'shared-service/problems.ts'
import { meant } from 'shared-service/statuses.ts'
import { z } from 'zod'
import type { Config } from './config.ts'
import type { Published } from './notary.ts'
import { described } from './openapi.ts'
import type { Gate } from './question.ts'
import { readWithin } from './reading.ts'
import { wordingsOf } from './wordings.ts'

/** A stream that is longer proves nothing here: it would be too much to hold. */
const facts_max = 20_000

interface Hosts {
  readonly store: EventStoreDBClient
  readonly gate: Gate
  /** Undefined where nothing can be signed. */
  readonly notary: NotaryKeys | undefined
  readonly published: Published
}

export function writtenOf({ revision, position, id: eventId, type, data, metadata }: RecordedEvent): Written {
  const { version = 1, at, by, commandId, imported } = metadata as unknown as Meta & { readonly version?: number }
  return {
    revision: Number(revision), position: String(position?.commit ?? 0n), eventId, type, version, at, by, commandId,
    ...(imported ? { imported: true as const } : {}), data,
  }
}

/** Serves a proof: the same bytes for the same stream and keys, whichever replica is asked. */
export function serveProof(app: FastifyInstance, proof: Proof, { store, gate, notary, published }: Hosts, { eventStoreTimeout_ms }: Config) {
  const [, parameter] = /:(\w+)/.exec(proof.path)!
  const params = z.object({ [parameter!]: Id })

  async function bytesOf(id: string, organization: string): Promise<string | Rejection> {
    if (!notary) throw new Problem('SERVICE_UNAVAILABLE', 'There is no key to sign with: NOTARY_KEY_FILE is not set.', { retryAfter_s: 60 })
    const reading = store.readStream(`${proof.category}-${id}`, { maxCount: facts_max + 1 })
    const [events, keys] = await Promise.all([readWithin(eventStoreTimeout_ms, reading), published.upTo(notary.keyId)])
    if (events.length > facts_max) throw new Problem('SERVICE_UNAVAILABLE', `The stream has more than ${facts_max} facts.`, { retryAfter_s: 3_600 })
    const isOwn = events.length > 0 && (events[0]!.metadata as unknown as Meta).organization === organization
    const made = proof.make(isOwn ? events.map(writtenOf) : [], { id, organization })
    if (made instanceof Rejection) return made
    const value = notary.sign(canonicalJson(made.signed))
    return canonicalJson({ ...made.body, keys, signature: { algorithm: 'ed25519', keyId: notary.keyId, value } })
  }

  const query = z.object({})
  const [wording] = wordingsOf({ path: proof.path, params, query }, [])
  app.get(`${prefix}${proof.path}`, {
    config: {
      describe: () => described({
        operation: `${proof.name}.item`, about: proof.about, tag: proof.name, params, query,
        answer: z.object({}).loose(),
      }, [wording!]),
    },
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      const { organization } = await gate(request, 'read')
      const id = parsed(params, request.params)[parameter!]!
      parsed(query.strict(), request.query)
      const bytes = await bytesOf(String(id), organization)
      if (bytes instanceof Rejection) return send({ code: bytes.code, meant: meant(proof.rejections[bytes.code]!) }, request, reply)
      return reply.type('application/json').header('cache-control', 'no-store').send(bytes)
    },
  })
}
