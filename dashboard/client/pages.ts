import type { ComponentType } from 'preact'

/** A page: where it is, what it is called, and what makes it, which is loaded with its first visit. */
export interface PageEntry {
  /** `:` stands for an id. */
  readonly path: string
  readonly title: string
  /** Pressed after g. Without one it is no place of its own in the menu. */
  readonly letter?: string
  /** The place in the menu that it belongs to. */
  readonly under?: string
  readonly load: () => Promise<{ readonly default: ComponentType<{ readonly id: string }> }>
}

export const pages: readonly PageEntry[] = [
  { path: '/', title: 'Now', letter: 'n', load: () => import('./pages/now.ts') },
  { path: '/work', title: 'Work', letter: 'w', load: () => import('./pages/work.ts') },
  { path: '/tasks/:', title: 'Task', under: '/work', load: () => import('./pages/task.ts') },
  { path: '/fleet', title: 'Fleet', letter: 'f', load: () => import('./pages/fleet.ts') },
  { path: '/orchestrators/:', title: 'Orchestrator', under: '/fleet', load: () => import('./pages/orchestrator.ts') },
  { path: '/agents/:', title: 'Agent', under: '/fleet', load: () => import('./pages/agent.ts') },
  { path: '/council', title: 'Council', letter: 'c', load: () => import('./pages/council.ts') },
  { path: '/decisions/:', title: 'Decision', under: '/council', load: () => import('./pages/decision.ts') },
  { path: '/delegations', title: 'Delegations', letter: 'd', load: () => import('./pages/delegations.ts') },
  { path: '/rhythm', title: 'Rhythm', letter: 'r', load: () => import('./pages/rhythm.ts') },
  { path: '/audit', title: 'Audit', letter: 'a', load: () => import('./pages/audit.ts') },
  { path: '/operations', title: 'Operations', letter: 'o', load: () => import('./pages/operations.ts') },
  { path: '/settings', title: 'Settings', letter: 's', load: () => import('./pages/settings.ts') },
  { path: '/query', title: 'Query', load: () => import('./pages/query.ts') },
]

export interface Found { readonly entry: PageEntry; readonly id: string }

export function pageAt(path: string): Found | undefined {
  for (const entry of pages) {
    const pattern = new RegExp(`^${entry.path.replace(':', '([\\w.:-]{1,200})')}$`)
    const [, id = ''] = pattern.exec(path) ?? [undefined]
    if (pattern.test(path)) return { entry, id }
  }
  return undefined
}
