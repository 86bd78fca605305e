import path from 'node:path'

/** The log holds something that was once good and is not any more. Nothing is repaired without being asked. */
export class Corruption extends Error {
  readonly file: string
  /** Offset in the file. */
  readonly offset: number
  readonly what: string

  constructor(file: string, offset: number, what: string) {
    super(`${file} is damaged at offset ${offset}: ${what}. Nothing was changed. Look at it with \`npm run -s baton -- store check --dir ${path.dirname(file)}\`; `
      + '`store repair --truncate` in its place names what would be lost if the log were cut there.')
    this.file = file
    this.offset = offset
    this.what = what
  }
}
