import { spawnSync } from 'node:child_process'
import t from 'tap'
import { completing, wordsOf } from './completion.ts'

const commands = [wordsOf('tasks', { usage: 'tasks [--owner X] [--json]', about: 'What\'s to do: all of it.' }), wordsOf('claim', { usage: 'claim [--json]', about: 'Take.' })]

t.test('L-90: a shell completes the commands and their options', async (t) => {
  const bash = completing('bash', commands)
  const completed = (words: string, at: number) => spawnSync('bash', ['-c', `${bash}\nCOMP_WORDS=(${words}); COMP_CWORD=${at}; _baton; echo "\${COMPREPLY[@]}"`], { encoding: 'utf8' }).stdout.trim()
  t.equal(completed('baton ta', 1), 'tasks')
  t.equal(completed('baton tasks --', 2), '--owner --json')
  t.match(completing('zsh', commands)!, /'tasks:What'\\''s to do  all of it\.'/)
  t.match(completing('fish', commands)!, /-a claim -d 'Take\.'\n.*seen_subcommand_from claim' -l json/)
  t.equal(completing('sh', commands), undefined)
})
