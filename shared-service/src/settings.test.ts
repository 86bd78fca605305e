import t from 'tap'
import { z } from 'zod'
import { Address, Host, LogLevel, Port, settingsFrom } from './settings.ts'

const Settings = z.object({ HOST: Host, PORT: Port.default(80), URL: Address, LOG_LEVEL: LogLevel })

t.test('every wrong variable is named, in one sentence', async (t) => {
  t.strictSame(settingsFrom(Settings, { URL: 'x', OTHER: 'y' }), { HOST: '127.0.0.1', PORT: 80, URL: 'x', LOG_LEVEL: 'info' })
  t.equal(settingsFrom(Settings, { URL: 'x', PORT: '0' }).PORT, 0)
  t.throws(() => settingsFrom(Settings, { PORT: '65536', LOG_LEVEL: 'loud' }), { message: /^PORT: .+; URL: .+; LOG_LEVEL: [^\n]+$/ })
})
