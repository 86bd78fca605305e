import { Refused, type Answer, type Api, type Headers, type Told } from '../api.ts'

const commands_max = 100
/** Requests under way: while one is carried out, the next is gathered. */
const requests_max = 2

interface Waiting extends Told {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

/** Too large, or with something in it for which nothing of it is taken. */
const isOfOne = (error: unknown) => error instanceof Refused && [400, 413].includes(error.status)

/** Sends what is asked for side by side in requests of many: as soon as one may go out, with all that waits by then. */
export class Gatherer {
  readonly #api: Pick<Api, 'post' | 'together'>
  readonly #waiting: Waiting[] = []
  #underWay = 0
  #isDue = false

  constructor(api: Pick<Api, 'post' | 'together'>) {
    this.#api = api
  }

  /** What rests on another command is asked for after that was answered: several requests are under way. */
  post(path: string, body: unknown, headers: Headers): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ path, body, headers, resolve, reject })
      this.#soon()
    })
  }

  /** Whoever goes on with what was just answered is waited for. */
  #soon() {
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      while (this.#waiting.length > 0 && this.#underWay < requests_max) {
        this.#underWay++
        void this.#send(this.#waiting.splice(0, commands_max)).finally(() => {
          this.#underWay--
          this.#soon()
        })
      }
    })
  }

  async #send(some: readonly Waiting[]): Promise<void> {
    const [first, ...others] = some
    try {
      // By itself what is wrong with one is said in words that no other has a part in.
      const answers = others.length > 0 ? await this.#api.together(some) : [await this.#api.post(first!.path, first!.body, first!.headers)]
      for (const [index, answer] of answers.entries()) answer instanceof Refused ? some[index]!.reject(answer) : some[index]!.resolve(answer)
    } catch (error) {
      if (others.length === 0 || !isOfOne(error)) return some.forEach(({ reject }) => reject(error))
      const half = some.length >> 1
      await this.#send(some.slice(0, half))
      await this.#send(some.slice(half))
    }
  }
}
