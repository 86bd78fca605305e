/** Where sockets begin. */
export const socketPath = '/socket.io'

export const isSocketUrl = (url = ''): boolean => url.startsWith(socketPath) && /^(?:[/?]|$)/.test(url.slice(socketPath.length))

export const prefix = '/api/v1'

const older = /^\/api(\/v1)?\/vps(?=[/?]|$)/

/** Whether a URL says the older name. */
export const isOlder = (url: string): boolean => older.test(url)

/** `/api` without a version means the latest, and `/vps` is an older name of `/orchestrators` (S-60). */
export const canonical = (url: string): string => url
  .replace(/^\/api(?!\/v\d+(?:[/?]|$))(?=[/?]|$)/, prefix)
  .replace(/^\/api\/v1\/vps(?=[/?]|$)/, `${prefix}/orchestrators`)
