import { existsSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium, type Browser } from 'playwright-core'

/** Nothing of it is for a page that is shown: no sandbox, since tests may run as root; no graphics. */
const args = ['--no-sandbox', '--no-zygote', '--disable-gpu', '--use-gl=angle', '--use-angle=swiftshader']

const launched = (executablePath: string) => chromium.launch({ executablePath, args })

/** The browser that BATON_CHROMIUM names, the one from npm, or the system's; undefined where there is none. */
export async function openBrowser(): Promise<Browser | undefined> {
  if (process.env.BATON_CHROMIUM) return await launched(process.env.BATON_CHROMIUM)
  const packed = await unpacked()
  // Whoever was killed while unpacking it has left a part of it, which is taken for the whole.
  if (packed) return await launched(packed).catch(async () => {
    rmSync(packed, { force: true })
    return await launched((await unpacked())!)
  })
  const found = installed()
  return found ? await launched(found) : undefined
}

/** It unpacks itself at its first use; for some platforms there is none. */
async function unpacked(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined
  try {
    const { default: packed } = await import('@sparticuz/chromium')
    return await packed.executablePath()
  } catch {
    return undefined
  }
}

const installed = () => (process.env.PATH ?? '').split(delimiter)
  .flatMap((folder) => ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name))).find((path) => existsSync(path))
