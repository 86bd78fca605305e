import { spawn } from 'node:child_process'
import { join } from 'node:path'

export const scripts = join(import.meta.dirname, '../../scripts')

/** Runs `baton` with these arguments. */
export function cliWith(env: NodeJS.ProcessEnv, ...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(scripts, 'baton.ts'), ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let [out, err] = ['', '']
    child.stdout.setEncoding('utf8').on('data', (text: string) => { out += text })
    child.stderr.setEncoding('utf8').on('data', (text: string) => { err += text })
    child.once('close', (code) => resolve({ code, out, err }))
  })
}
