export const prefix = '/api/v1'

/** `/api` without a version means the latest, and `/vps` is an older name of `/orchestrators` (S-60). */
export const canonical = (url: string): string => url
  .replace(/^\/api(?!\/v\d+(?:[/?]|$))(?=[/?]|$)/, prefix)
  .replace(/^\/api\/v1\/vps(?=[/?]|$)/, `${prefix}/orchestrators`)
