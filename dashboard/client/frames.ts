/** A server-sent event. */
export interface Frame {
  readonly event: string
  readonly id: string | undefined
  readonly data: string
}

/** Takes a stream of server-sent events as it comes, piece by piece; keeps what is not complete. */
export function frames(): (piece: string) => readonly Frame[] {
  let rest = ''
  return (piece) => {
    const parts = (rest + piece).split(/\r?\n\r?\n/)
    rest = parts.pop()!
    return parts.flatMap((part) => frameOf(part.split(/\r?\n/)) ?? [])
  }
}

/** Undefined where there is neither data nor an id: comments keep a connection alive, and a hint when to come again is not heeded. */
function frameOf(lines: readonly string[]): Frame | undefined {
  const fields = lines.filter((line) => !line.startsWith(':')).map((line) => /^(\w+): ?(.*)$/s.exec(line) ?? [line, line, ''])
  const last = (name: string) => fields.findLast((field) => field[1] === name)?.[2]
  const data = fields.filter((field) => field[1] === 'data').map((field) => field[2]).join('\n')
  const id = last('id')
  return data === '' && id === undefined ? undefined : { event: last('event') ?? 'message', id, data }
}
