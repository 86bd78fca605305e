import type { Exit } from './guard.ts'

export type Kind = 'oom' | 'timeout' | 'segfault' | 'network' | 'permission' | 'budget' | 'exit' | 'lost' | 'unknown'

/** Why the daemon has a program killed. */
export type Cause = 'timeout' | 'budget' | 'lost' | 'stopped'

/** What became of a program: the first that fits. Undefined is well done. */
export function kindOf({ exit, signal, isFenced }: Exit, cause: Cause | undefined): Kind | undefined {
  if (cause === 'timeout' || cause === 'budget') return cause
  if (isFenced || cause === 'lost' || cause === 'stopped') return 'lost'
  if (exit === 0) return undefined
  if (exit === 75) return 'network'
  if (exit === 77 || exit === 78) return 'permission'
  if (signal === 'SIGSEGV') return 'segfault'
  if (signal === 'SIGKILL') return 'oom'
  return 'exit'
}

/** Another try may go better. */
export const isRetryable = (kind: Kind): boolean => kind !== 'permission' && kind !== 'budget'
