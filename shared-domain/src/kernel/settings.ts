import type { Fold, SettingValues } from './decider.ts'

/** Where the settings of organizations stand: each on a stream whose id is the organization. */
export interface SettingsStand<State = any> {
  readonly fold: Fold<State>
  readonly of: (state: State) => SettingValues
}

export const settingsStand = <State>(fold: Fold<State>, of: (state: State) => SettingValues): SettingsStand<State> => ({ fold, of })

/** Those of these names. */
export const picked = (values: SettingValues, names: readonly string[]): SettingValues =>
  Object.fromEntries(names.map((name) => [name, values[name]]))
