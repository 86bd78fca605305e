/** What browsers are told with every answer, so that nothing is made of it but what it is. */
export const shields = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'SAMEORIGIN',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
} as const

/** The same of answers that are data and never a page. */
export const dataShields = {
  ...shields,
  'content-security-policy': `default-src 'none';frame-ancestors 'none'`,
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
} as const
