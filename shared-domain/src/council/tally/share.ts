import { z } from 'zod'

/** A part of a whole, `n/d` in lowest terms: exact whatever it is compared with. */
export interface Share { readonly n: bigint; readonly d: bigint }

const greatest = 1_000_000n

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b))

function reduced(n: bigint, d: bigint): Share | undefined {
  if (n < 1n || n > d) return undefined
  const common = gcd(n, d)
  return { n: n / common, d: d / common }
}

/** A decimal number by its digits: .7 is 7/10, whatever a double makes of it. */
function ofDigits(text: string, parts: bigint): Share | undefined {
  const [, whole = '', digits = '', exponent = '0'] = /^(\d*)(?:\.(\d*))?(?:e([+-]\d{1,3}))?$/i.exec(text) ?? []
  if (whole + digits === '' || whole.length + digits.length > 40) return undefined
  const shift = Number(exponent) - digits.length
  const power = 10n ** BigInt(Math.abs(shift))
  const value = BigInt(whole + digits)
  return shift < 0 ? reduced(value, power * parts) : reduced(value * power, parts)
}

function ofFraction(text: string): Share | undefined {
  const [, n, d] = /^(\d{1,7})\/(\d{1,7})$/.exec(text) ?? []
  return n === undefined || BigInt(d!) > greatest ? undefined : reduced(BigInt(n), BigInt(d!))
}

/** The share that somebody means by `"2/3"`, by a number within 0 < x <= 1 or by `"66.7%"` (C-11). */
export function shareMeant(said: string | number): Share | undefined {
  if (typeof said === 'number') return ofDigits(String(said), 1n)
  return said.endsWith('%') ? ofDigits(said.slice(0, -1), 100n) : ofFraction(said)
}

export const shareText = ({ n, d }: Share): string => `${n}/${d}`

/** A share as it stands in facts and rows. */
export function shareOf(text: string): Share {
  const [n, d] = text.split('/').map(BigInt) as [bigint, bigint]
  return { n, d }
}

export const halfOf = shareOf('1/2')

/** Whether a part of a whole comes up to the share, or, where it must be `over`, goes beyond it. No division: exact. */
export const reaches = (part: bigint, whole: bigint, { n, d }: Share, over = false): boolean =>
  (over ? part * d > n * whole : part * d >= n * whole)

/** What a caller says a share to be; it comes out as `n/d` in lowest terms. */
export const ShareSaid = z.union([z.number(), z.string().max(50)]).transform((said, { addIssue }) => {
  const share = shareMeant(said)
  if (share) return shareText(share)
  addIssue({ code: 'custom', message: 'is no share: say n/d with 1 <= n <= d <= 1000000, a number above 0 and up to 1, or a percentage' })
  return z.NEVER
})

export const ShareText = z.string().regex(/^\d+\/\d+$/)
