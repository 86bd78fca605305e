import { general, type Refusal, type RefusalKind } from 'shared-domain/kernel/refusal.ts'

interface Meaning {
  readonly status: number
  /** Asking again later, unchanged, can succeed. */
  readonly retryable: boolean
}

/** The one table from kinds of refusals to HTTP. */
export const meanings = {
  invalid: { status: 400, retryable: false },
  forbidden: { status: 403, retryable: false },
  unknown: { status: 404, retryable: false },
  conflict: { status: 409, retryable: false },
  busy: { status: 409, retryable: true },
  gone: { status: 410, retryable: false },
  unprocessable: { status: 422, retryable: false },
} as const satisfies Record<RefusalKind, Meaning>

/** What a code means to whoever asked. */
export interface Meant extends Meaning {
  readonly title: string
}

export const meant = ({ kind, says }: Refusal): Meant => ({ ...meanings[kind], title: says })

/** What services refuse by themselves, whatever they serve. */
export const own = {
  VALIDATION_ERROR: meant(general.VALIDATION_ERROR),
  FORBIDDEN: meant(general.FORBIDDEN),
  NOT_FOUND: meant(general.NOT_FOUND),
  INVALID_API_KEY: { status: 401, retryable: false, title: 'Send a valid API key as `Authorization: Bearer bk_...`.' },
  API_KEY_EXPIRED: { status: 401, retryable: false, title: 'The API key has expired.' },
  ORGANIZATION_SUSPENDED: { status: 403, retryable: false, title: 'The organization is suspended: its keys may ask and change nothing.' },
  METHOD_NOT_ALLOWED: { status: 405, retryable: false, title: 'The path does not take this method; `Allow` says which it takes.' },
  REQUEST_TIMEOUT: { status: 408, retryable: true, title: 'The request took too long to arrive.' },
  REVISION_MISMATCH: { status: 412, retryable: false, title: 'The stream has moved on; read it again.' },
  STILL_PARKED: { ...meanings.conflict, title: 'The stream still does not fit the read model.' },
  PAYLOAD_TOO_LARGE: { status: 413, retryable: false, title: 'The body is larger than allowed.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, retryable: false, title: 'Bodies are application/json.' },
  EXPECTATION_FAILED: { status: 417, retryable: false, title: 'The only expectation that is met is 100-continue.' },
  IDEMPOTENCY_MISMATCH: { ...meanings.unprocessable, title: 'The Idempotency-Key was used with another request.' },
  RATE_LIMITED: { status: 429, retryable: true, title: 'Too many requests.' },
  HEADERS_TOO_LARGE: { status: 431, retryable: false, title: 'The address and the headers have more than 16 KiB together.' },
  INTERNAL_ERROR: { status: 500, retryable: false, title: 'Something went wrong here; the correlation id finds it in the log.' },
  STREAM_UNREADABLE: { status: 500, retryable: false, title: 'The stream holds an event that cannot be read; nothing was changed.' },
  READ_MODEL_BEHIND: { status: 503, retryable: true, title: 'The read model has not come that far yet; try again.' },
  SERVICE_UNAVAILABLE: { status: 503, retryable: true, title: 'Not available at the moment; try again.' },
} as const satisfies Record<string, Meant>

export type OwnCode = keyof typeof own

export const isOwn = (code: string): code is OwnCode => Object.hasOwn(own, code)
