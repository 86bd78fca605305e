/** The JSON pointer (RFC 6901) of what stands there under a name, or at a place of a list. */
export const below = (pointer: string, name: string | number): string =>
  `${pointer}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`
