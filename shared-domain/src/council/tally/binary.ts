import { reaches, type Share } from './share.ts'

/** What was summed: approvals, rejections, abstentions and what is missing make the whole electorate. */
export interface Sums {
  readonly approve: bigint
  readonly reject: bigint
  readonly abstain: bigint
  readonly missing: bigint
  readonly all: bigint
}

export interface Bar { readonly threshold: Share; readonly over: boolean }

/**
 * Whether what is cast approves at the end, and whether it is sure before: `approved`, whatever those who are missing do, or `rejected`.
 */
export interface Protocol {
  readonly approves: (sums: Sums, bar: Bar) => boolean
  readonly surelyApproves: (sums: Sums, bar: Bar) => boolean
  readonly surelyRejects: (sums: Sums, bar: Bar) => boolean
}

/** C-20: more approvals than rejections. */
const majority: Protocol = {
  approves: ({ approve, reject }) => approve > reject,
  surelyApproves: ({ approve, reject, missing }) => approve > reject + missing,
  surelyRejects: ({ approve, reject, missing }) => approve + missing <= reject,
}

/** C-21: a share of those who do not abstain. */
const supermajority: Protocol = {
  approves: ({ approve, reject }, { threshold, over }) => approve > 0n && reaches(approve, approve + reject, threshold, over),
  surelyApproves: ({ approve, reject, missing }, { threshold, over }) =>
    approve > 0n && reaches(approve, approve + reject + missing, threshold, over),
  surelyRejects: ({ approve, reject, missing }, { threshold, over }) =>
    approve + missing === 0n || !reaches(approve + missing, approve + missing + reject, threshold, over),
}

/** C-22: everybody approves. */
const unanimous: Protocol = {
  approves: ({ approve, all }) => approve === all,
  surelyApproves: ({ approve, all }) => approve === all,
  surelyRejects: ({ reject, abstain }) => reject + abstain > 0n,
}

/** C-23: a share of the whole electorate. */
const weighted: Protocol = {
  approves: ({ approve, all }, { threshold, over }) => reaches(approve, all, threshold, over),
  surelyApproves: ({ approve, all }, { threshold, over }) => reaches(approve, all, threshold, over),
  surelyRejects: ({ approve, missing, all }, { threshold, over }) => !reaches(approve + missing, all, threshold, over),
}

export const binary = { majority, supermajority, unanimous, weighted }
