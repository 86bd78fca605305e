import type { SettingValues } from 'shared-domain/kernel/decider.ts'
import { organizationState } from 'shared-domain/fleet/organization/state.ts'
import { picked, type SettingsStand } from 'shared-domain/kernel/settings.ts'
import type { Streams } from './store/streams.ts'

/** How old what is known of an organization may be. */
const known_max_ms = 1_000

export type FindSettings = (organization: string, names: readonly string[]) => Promise<SettingValues>

/** The settings of these names: of the stream of the organization, which is read once a second at the most. */
export const settingsFrom = (streams: Streams, { fold, of }: SettingsStand): FindSettings =>
  async (organization, names) => picked(of((await streams.recent(fold, organization, known_max_ms)).state), names)

/** Whether an organization is suspended. */
export const suspensionFrom = (streams: Streams) => async (organization: string): Promise<boolean> =>
  (await streams.recent(organizationState, organization, known_max_ms)).state.suspended !== null
