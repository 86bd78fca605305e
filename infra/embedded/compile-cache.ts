import { fileURLToPath } from 'node:url'

/** For processes that run programs of this repository: what Node stripped of types and compiled once it need not do again, nor load the compiler for. */
export const compileCache = { NODE_COMPILE_CACHE: fileURLToPath(new URL('../../node_modules/.cache/compile', import.meta.url)) }
