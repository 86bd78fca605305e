/** At most so many UTF-16 units of a text; where something is cut off, it shows, and no character is cut in two. */
export function cut(text: string, length_max: number): string {
  if (text.length <= length_max) return text
  const kept = text.slice(0, length_max - 1)
  return `${kept.isWellFormed() ? kept : kept.slice(0, -1)}…`
}
