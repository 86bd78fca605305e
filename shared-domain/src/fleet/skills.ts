/** Skills are the same however they are written, and whatever stands around them. */
export const skillOf = (said: string): string => said.trim().toLowerCase()

/** The share of the required skills that somebody has; null when none is required. All are given as they are compared. */
export function matchOf(required: readonly string[], skills: readonly string[]): number | null {
  let held = 0
  for (const skill of required) if (skills.includes(skill)) held++
  return required.length === 0 ? null : held / required.length
}

/** As they are compared; the list itself where they are written so, as most are. */
export const skillsOf = (said: readonly string[]): readonly string[] =>
  (said.every((one) => skillOf(one) === one) ? said : said.map(skillOf))
