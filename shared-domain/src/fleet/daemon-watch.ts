import { second_ms } from '../kernel/time.ts'
import { watching, type Watch } from '../kernel/watch.ts'
import { daemon } from './daemon/decider.ts'

/** Three beats that are missed. */
const silence_ms = 90 * second_ms

export const daemonWatch: Watch = {
  name: 'daemonWatch',
  about: 'Takes a daemon for dead of which nothing was heard for ninety seconds, and for well again when it is heard twice.',
  over: daemon,
  signal: 'beat',
  begins: ['DaemonConnected', 'DaemonRecovered'],
  ends: ['DaemonStopped', 'DaemonRetired'],
  silence_ms,
  run: 2,
  gap_ms: 60 * second_ms,
  of: ({ instance }: { instance: string }) => ({ instance }),
  lost: 'miss',
  back: 'recover',
}

export const daemonWatching = watching(daemonWatch)
