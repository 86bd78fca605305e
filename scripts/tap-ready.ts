import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

// tap compiles its plugin list into node_modules; a first run with another list would still use the stale one.
const compiled = new URL('../node_modules/@tapjs/test/test-built/dist/esm/index.js', import.meta.url)

const isStale = () => {
  try {
    return readFileSync(compiled, 'utf8').includes('@tapjs/typescript')
  } catch {
    return true
  }
}

if (isStale()) process.exitCode = spawnSync('tap', ['build'], { stdio: ['ignore', 'ignore', 'inherit'] }).status ?? 1
