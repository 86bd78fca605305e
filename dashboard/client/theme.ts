import { held } from './held.ts'

export const themes = ['system', 'light', 'dark'] as const
export type Theme = typeof themes[number]

const place = 'baton.theme'
const kept = localStorage.getItem(place)

export const theme = held<Theme>(themes.find((one) => one === kept) ?? 'system')

function apply() {
  const chosen = theme.get()
  if (chosen === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = chosen
  localStorage.setItem(place, chosen)
}

theme.watch(apply)
apply()
