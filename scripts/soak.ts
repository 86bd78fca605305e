import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

// What takes too long for every run of the tests: files that are nothing else (*.soak.ts), and tests that a long run makes larger (sized).

const root = join(import.meta.dirname, '..')
const under = (pattern: string) => globSync(`{*/src,infra,scripts}/**/${pattern}`, { cwd: root, exclude: ['**/node_modules/**'] })
const sized = under('*.test.ts').filter((file) => /\bsized\(/.test(readFileSync(join(root, file), 'utf8')))
const asked = process.argv.slice(2)
const files = asked.length > 0 ? asked : [...under('*.soak.ts'), ...sized].sort()

const { status } = spawnSync('tap', ['--disable-coverage', '--allow-empty-coverage', '--jobs=1', '--timeout=3600', ...files], {
  cwd: root, stdio: 'inherit', env: { ...process.env, BATON_SOAK: '1' },
})
process.exitCode = status ?? 1
