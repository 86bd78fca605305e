import { plus } from '../../kernel/events.ts'

type Old = Readonly<Record<string, any>>

/** A lease as it was kept before it named an agent and a run; or none. */
const leased = (old: Old | null) => old && { ...old, agent: null, run: null }

/** The step to version 2 of a fact that names a lease, with what it did not say before. */
export const anew = (fields: Old) => (old: Old) => ({ ...plus(fields)(old), lease: leased(old.lease) })
