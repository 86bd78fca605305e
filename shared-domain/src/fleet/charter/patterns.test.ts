import fc from 'fast-check'
import t from 'tap'
import { fits, plainCommand, plainPath } from './patterns.ts'

const all = { seed: 2030, numRuns: 2_000 }

t.test('F-77 an action is fitted as a whole, in any case', async (t) => {
  for (const [pattern, action, wanted] of [
    ['task.create', 'TASK.Create', true], ['task.*', 'task.create', true], ['*.create', 'task.create', true], ['*', 'anything', true],
    ['task', 'task.create', false], ['create', 'task.create', false], ['t*k.c*e', 'task.create', true], ['a*a', 'a', false],
    ['a*b*c', 'a-b-c', true], ['a*b*c', 'a-c-b', false], ['*ab*ab*', 'xabab', true], ['*ab*ab*', 'xab', false], ['**', '', true],
  ] as const) t.equal(fits.action(pattern, action), wanted, `${pattern} ${action}`)
})

t.test('F-77 a command is fitted with its blanks collapsed, equal or followed by a blank', async (t) => {
  for (const [pattern, command, wanted] of [
    ['rm -rf', 'rm   -rf /tmp', true], ['rm -rf', 'rm -rf', true], ['rm  -rf ', ' rm -rf\t/', true], ['rm -rf', 'rm -rfv', false],
    ['rm -rf', 'ls; rm -rf /', false], ['*rm -rf*', 'ls; rm -rf /', true], ['git push *', 'git  push origin', true],
    ['git push *', 'git push', false], ['RM', 'rm', false],
  ] as const) t.equal(fits.command(pattern, command), wanted, `${pattern} ${command}`)
})

t.test('F-77 a path is fitted resolved, itself and below', async (t) => {
  for (const [pattern, path, wanted] of [
    ['/etc', '/srv/../etc/passwd', true], ['/etc', '/etc', true], ['/etc', '/etcetera', false], ['/etc/', '\\etc\\passwd', true],
    ['/etc', 'etc', false], ['etc', './etc/x', true], ['/', '/any', true], ['/', 'any', false], ['/etc', '/../../etc', true],
    ['../x', 'a/../../x/y', true], ['/srv/*/secret', '/srv/a/secret', true], ['/srv/*/secret', '/srv/a/secret/b', false],
    ['*.pem', '/keys/./a.pem', true], ['/a/b/../c', '/a/c/d', true],
  ] as const) t.equal(fits.path(pattern, path), wanted, `${pattern} ${path}`)
})

const steps = fc.array(fc.constantFrom('a', 'b', '..', '.', '', '*'), { maxLength: 8 })
const paths = fc.tuple(steps, fc.constantFrom('/', '\\')).map(([parts, by]) => parts.join(by))

t.test('F-77 what is plain stays as it is, and is what it was before', async () => {
  fc.assert(fc.property(paths, (path) => {
    const plain = plainPath(path)
    if (plainPath(plain) !== plain) throw new Error(`${path} becomes ${plain}, then ${plainPath(plain)}`)
    if (/\\|\/\/|(^|\/)\.(\/|$)|[^./]\/\.\.(\/|$)|^\/\.\./.test(plain)) throw new Error(`${path} becomes ${plain}`)
    if (plain !== '' && !fits.path(plain, path)) throw new Error(`${path} fits itself`)
  }), all)
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\t', '\n') }), (command) => {
    const plain = plainCommand(command)
    if (plainCommand(plain) !== plain || /\s\s|^\s|\s$/.test(plain)) throw new Error(JSON.stringify(command))
  }), all)
})

t.test('F-77 a star stands for any run: as a regular expression would have it', async () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 })
  fc.assert(fc.property(word, fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 }), (pattern, text) => {
    const wanted = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text)
    if (fits.action(pattern, text) !== wanted) throw new Error(`${pattern} ${text} ${wanted}`)
  }), all)
})

t.test('F-77 whatever is below a path that is fitted is fitted', async () => {
  const plain = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`)
  fc.assert(fc.property(plain, paths, (pattern, below) => {
    const path = `${pattern}/x/${below}`
    const isWithin = plainPath(path) === pattern || plainPath(path).startsWith(`${pattern}/`)
    if (fits.path(pattern, path) !== isWithin) throw new Error(`${pattern} ${path}`)
  }), all)
})
