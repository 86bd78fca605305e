import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')

t.test('the generated reference and OpenAPI documents are what the declarations say', async (t) => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts/docs.ts'), '--check'], { encoding: 'utf8' })
  t.equal(status, 0, stderr)
})

t.test('every link of the documents leads somewhere', async (t) => {
  for (const page of ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'docs/measurements.md', 'infra/embedded/eventstore/README.md']) {
    for (const [, target] of read(page).matchAll(/\]\((?!http)([^)#]+)\)/g)) t.ok(existsSync(join(root, dirname(page), target!)), `${page}: ${target}`)
  }
})

t.test('the npm scripts that the README names exist', async (t) => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
  for (const [, name] of read('README.md').matchAll(/npm run (?:-s )?([a-z]+)/g)) t.ok(scripts[name!], name!)
})
