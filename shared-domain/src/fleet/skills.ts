/** Skills are the same however they are written, and whatever stands around them. */
export const skillOf = (said: string): string => said.trim().toLowerCase()

/** The share of the required skills that somebody has; null when none is required. */
export function matchOf(required: readonly string[], skills: readonly string[]): number | null {
  if (required.length === 0) return null
  const known = new Set(skills.map(skillOf))
  return required.filter((skill) => known.has(skillOf(skill))).length / required.length
}
