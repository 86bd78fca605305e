import { frames, type Frame } from './frames.ts'
import { held } from './held.ts'
import { api } from './http.ts'
import { forget, session } from './session.ts'

/** A fact as /events sends it. */
export interface Fact {
  readonly position: string
  readonly stream: string
  readonly revision: number
  readonly type: string
  readonly category: string
  readonly id: string
  readonly recipient: string | null
  readonly at: string
  readonly by: { readonly kind: string; readonly id: string }
  readonly correlationId: string | null
  readonly imported: boolean
  readonly data: Readonly<Record<string, unknown>> | null
}

export interface Connection {
  readonly state: 'opening' | 'open' | 'lost'
  /** When it was lost, or began to be opened. */
  readonly since_ms: number
}

export const connection = held<Connection>({ state: 'opening', since_ms: Date.now() })
/** Of the last fact, or of what was passed over since. */
export const head = held('0')

export interface Hearing {
  /** In the order of the log, each once. */
  fact(fact: Fact): void
  /** What happened meanwhile was missed, or cannot be told: everything is to be asked anew. */
  missed(): void
}

/** A server says something every 15 s. */
const silence_ms_max = 40_000
const pause_ms = [500, 1_000, 2_000, 5_000, 10_000]

/** Follows the log behind a position, through all cuts, until the answer is called. */
export function follow(after: string, hearing: Hearing): () => void {
  const ending = new AbortController()
  let last = after
  /** Of the log that is followed: another one, after a restore, says that it is another. */
  let log = ''
  head.set(after)

  function take({ event, id, data }: Frame) {
    if (event === 'end') return ended(JSON.parse(data) as { code: string })
    if (event === 'gap') hearing.missed()
    if (id !== undefined) {
      last = id
      head.set(id)
    }
    if (event !== 'message' || data === '') return
    hearing.fact(JSON.parse(data) as Fact)
  }

  async function once(): Promise<void> {
    const silent = new AbortController()
    let alarm: ReturnType<typeof setTimeout> | undefined
    const heard = () => {
      clearTimeout(alarm)
      alarm = setTimeout(() => silent.abort(), silence_ms_max)
    }
    heard()
    try {
      const response = await fetch(`${api}/events${log === '' ? '' : `?log=${encodeURIComponent(log)}`}`, {
        cache: 'no-store', credentials: 'omit', signal: AbortSignal.any([ending.signal, silent.signal]),
        headers: { authorization: `Bearer ${session.get().key}`, 'last-event-id': last, accept: 'text/event-stream' },
      })
      if (response.status === 401) return forget('The key is not valid any more.')
      if (!response.ok || !response.body) return
      log = response.headers.get('baton-log') ?? ''
      connection.set({ state: 'open', since_ms: Date.now() })
      const parse = frames()
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
      for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
        heard()
        tries = 0
        for (const frame of parse(piece.value)) take(frame)
      }
    } finally {
      clearTimeout(alarm)
    }
  }

  let tries = 0
  void (async () => {
    while (!ending.signal.aborted) {
      await once().catch(() => undefined)
      if (ending.signal.aborted) return
      if (connection.get().state !== 'lost') connection.set({ state: 'lost', since_ms: Date.now() })
      await paused(pause_ms[Math.min(tries++, pause_ms.length - 1)]!, ending.signal)
    }
  })()
  return () => ending.abort()
}

function ended({ code }: { readonly code: string }) {
  if (/KEY|FORBIDDEN/.test(code)) forget('The key is not valid any more.')
}

/** Also over when the network is there again. */
const paused = (wait_ms: number, signal: AbortSignal) => new Promise<void>((resolve) => {
  const done = () => {
    clearTimeout(timer)
    removeEventListener('online', done)
    resolve()
  }
  const timer = setTimeout(done, wait_ms)
  addEventListener('online', done)
  signal.addEventListener('abort', done)
})
