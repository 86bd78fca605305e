// Plain JavaScript: it must run where nothing else of Baton can.
const needed = 24
if (Number(process.versions.node.split('.')[0]) < needed) {
  process.stderr.write(`Baton runs on Node ${needed}, this is ${process.version}. "npm ci" brings Node ${needed} along on Linux and macOS, unless optional packages are left out: `
    + `run "npm ci --include=optional", or install Node ${needed}.\n`)
  process.exit(1)
}
