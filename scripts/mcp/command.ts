import { parsed, type Command } from '../../infra/console/command.ts'

export const mcpCommand: Command = {
  about: 'Serve the Model Context Protocol, so that an agent works with Baton by its tools: over standard input and output with BATON_URL and BATON_KEY_FILE (or what baton login kept), or over HTTP with the key of each request. Without --write it may only ask.',
  usage: 'mcp [--write] [--http ADDRESS] [--root DIR]',
  async run(args) {
    const { values: { write, http, root } } = parsed({
      args: [...args], options: { write: { type: 'boolean', default: false }, http: { type: 'string' }, root: { type: 'string' } },
    })
    // The library is loaded for this alone.
    const { overHttp, overStdio } = await import('./serving.ts')
    await (http === undefined ? overStdio(root, write) : overHttp(http, root, write))
    return 0
  },
}
