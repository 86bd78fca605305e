import { html } from '../view.ts'
import { spaced } from '../words.ts'

export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'plain' | 'quiet'

/** Signs beside the colours, so that none is told by colour alone. */
const signs: Readonly<Record<Tone, string>> = { good: '●', busy: '◐', warn: '▲', bad: '■', plain: '◆', quiet: '○' }

const tones: Readonly<Record<string, Tone>> = {
  ...all('good', 'DONE ONLINE IDLE COMPLETED approved met completed CLOSED open ENABLED APPLIED applied APPROVED AVAILABLE RESOLVED accepted ACCEPTED fired done'),
  ...all('busy', 'IN_PROGRESS BUSY ACTIVE STARTED pending running OFFERED PENDING RUNNING SPAWNED HALF_OPEN ACKNOWLEDGED asked'),
  ...all('plain', 'MEDIUM TODO CANCELLED LOW'),
  ...all('warn', 'warned AWAY HIGH OVERLOADED RETURNED DECLINED RECALLED late paused STOPPING returned'),
  ...all('bad', 'BLOCKED violated missed OPEN CRITICAL FAILED SUSPENDED rejected TIMED_OUT failed expired DENIED REJECTED DEAD'),
}

function all(tone: Tone, words: string): Readonly<Record<string, Tone>> {
  return Object.fromEntries(words.split(' ').map((word) => [word, tone]))
}

export function Badge({ word, tone = tones[word] ?? 'quiet', text }: { readonly word: string; readonly tone?: Tone; readonly text?: string }) {
  return html`<span class="badge ${tone}"><span class="sign" aria-hidden="true">${signs[tone]}</span>${text ?? spaced(word)}</span>`
}
