/** Skills are the same however they are written, and whatever stands around them. */
export const skillOf = (said: string): string => said.trim().toLowerCase()

/** The share of the required skills that somebody has, whose skills are given as they are compared; null when none is required. */
export const matchOf = (required: readonly string[], skills: ReadonlySet<string>): number | null =>
  (required.length === 0 ? null : required.filter((skill) => skills.has(skillOf(skill))).length / required.length)

export const skillsOf = (said: readonly string[]): ReadonlySet<string> => new Set(said.map(skillOf))
