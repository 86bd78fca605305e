/**
 * What is read, with its errors heard for good. Whoever goes through it hears the first error; the library may tell of the same break once
 * more when nobody listens any longer, and that would end the service.
 */
export function heard<Reading extends { on(event: 'error', listener: () => void): unknown }>(reading: Reading): Reading {
  reading.on('error', () => undefined)
  return reading
}
