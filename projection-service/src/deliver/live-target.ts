import { partsOf } from 'shared-domain/kernel/decider.ts'
import { noFailures, pending_low, pending_max, type Failures, type Outlet, type Target } from 'shared-domain/kernel/outlet.ts'
import type { TargetRow } from './rows.ts'

/** A target with so much on its way is left where it stands, and read on for below the other. */
export interface Bounds {
  readonly pending_max: number
  readonly pending_low: number
}

export const usualBounds: Bounds = { pending_max, pending_low }

/** A target as the deliverer knows it. */
export class LiveTarget {
  readonly organization: string
  readonly target: string
  readonly outlet: Outlet
  state: unknown
  view: Target | undefined
  /** Up to here everything that it wants has been written down; of one that is level, as far as the deliverer itself. */
  position: bigint
  isLevel: boolean
  failures: Failures = noFailures
  lastSuccess_ms: number | null = null
  /** Waiting or under way. */
  pending = 0
  readonly #bounds: Bounds
  #isFull = false
  hasGivenUp = false

  constructor(outlet: Outlet, { organization, target, state, position, isLevel }: Pick<TargetRow, 'organization' | 'target' | 'state' | 'position' | 'isLevel'>, bounds: Bounds) {
    this.#bounds = bounds
    this.outlet = outlet
    this.organization = organization
    this.target = target
    this.state = state
    this.view = outlet.target(state)
    this.position = position
    this.isLevel = isLevel
  }

  get id() {
    return partsOf(this.target).id
  }

  get isOpen() {
    return this.view?.isOpen ?? false
  }

  get host() {
    return this.view && URL.canParse(this.view.url) ? new URL(this.view.url).host : ''
  }

  /** With so much on its way it is left where it stands, until much less is. */
  get isFull() {
    if (this.pending >= this.#bounds.pending_max) this.#isFull = true
    if (this.pending < this.#bounds.pending_low) this.#isFull = false
    return this.#isFull
  }
}
