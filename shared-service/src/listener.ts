import { createServer, type RequestListener, type Server } from 'node:http'
import { isSocketUrl } from './addresses.ts'
import { answerUnrouted } from './unrouted.ts'

/** Of a body. */
export const body_max = 1024 * 1024
/** How long a request may take to arrive. */
const arrival_max_ms = 60_000
/** Longer than a load balancer keeps a connection that nothing comes on. */
const keepAlive_ms = 72_000

/** A server of plain HTTP within these bounds, where what Node would say in words of its own is said as problems. */
/** Only what begins a socket here changes its protocol: many clients ask for another one with any request, and are answered in this. */
export const listener = (handler: RequestListener): Server => answerUnrouted(createServer({
  requireHostHeader: false, requestTimeout: arrival_max_ms, keepAliveTimeout: keepAlive_ms,
  shouldUpgradeCallback: ({ url, headers }) => isSocketUrl(url) && headers.upgrade?.toLowerCase() === 'websocket',
}, handler))
