import { fileURLToPath } from 'node:url'

/** Where a start on this machine keeps its data, its logs and its notes, when nothing else is said: `.baton` of the checkout. */
export const defaultRoot = fileURLToPath(new URL('../../.baton', import.meta.url))
