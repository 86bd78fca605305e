import { SingleBar } from 'cli-progress'

export interface Progress {
  to(done: number, total?: number): void
  end(): void
}

/** A bar on a terminal, a line every few seconds elsewhere; silent when asked to be. */
export function progress(what: string, total: number, isSilent = false): Progress {
  if (isSilent) return { to: () => undefined, end: () => undefined }
  if (!process.stderr.isTTY) return lines(what, total)
  const bar = new SingleBar({ format: `${what} [{bar}] {percentage} % | {value}/{total} | {duration_formatted}`, stream: process.stderr, hideCursor: true, clearOnComplete: false })
  bar.start(total, 0)
  return {
    to(done, of) {
      if (of !== undefined) bar.setTotal(of)
      bar.update(done)
    },
    end: () => bar.stop(),
  }
}

const line_every_ms = 3_000

function lines(what: string, total: number): Progress {
  let [told_ms, last] = [performance.now(), 0]
  return {
    to(done, of = total) {
      [total, last] = [of, done]
      if (performance.now() - told_ms < line_every_ms) return
      told_ms = performance.now()
      process.stderr.write(`${what}: ${done} of ${total}\n`)
    },
    end: () => void process.stderr.write(`${what}: ${last} of ${total}\n`),
  }
}
