import { ClosebellError } from '../../../schemas/errors.ts'
import type { Clock } from '../../ports/clock.ts'
import type { QuestdbRest } from './rest.ts'

/**
 * What a server exports at once unless its `http.export.connection.limit` says otherwise; one more is answered 429. It
 * counts connections by their first request, so that one which ran a statement before gets through.
 */
const mostAtOnce = 2
const firstDelayMs = 50
const longestDelayMs = 2000
/** Two exports of the longest panel take a few seconds; whoever still waits after this waits for a stuck reader. */
const patienceMs = 60_000

/**
 * Bulk reads, two at a time. Other processes read from the same server, so one that finds no free export asks again,
 * ever more rarely.
 */
export class Exports {
  readonly #rest: QuestdbRest
  readonly #clock: Clock
  #running = 0
  readonly #waiting: (() => void)[] = []

  constructor(rest: QuestdbRest, clock: Clock) {
    this.#rest = rest
    this.#clock = clock
  }

  /** @throws CB_STORE_UNREACHABLE when the server has had no free export for a minute */
  async parquet(statement: string): Promise<ArrayBuffer> {
    if (this.#running === mostAtOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    else this.#running++
    try {
      return await this.#untilFree(statement)
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running--
      else next()
    }
  }

  async #untilFree(statement: string): Promise<ArrayBuffer> {
    let waited = 0
    for (let delay = firstDelayMs; waited < patienceMs; delay = Math.min(delay * 2, longestDelayMs)) {
      const file = await this.#rest.parquet(statement)
      if (file !== null) return file
      await this.#clock.sleep(delay)
      waited += delay
    }
    const fact = `QuestDB has had no free export for ${patienceMs / 1000} s`
    const remedy = 'Others read from the same server: end them, or raise http.export.connection.limit.'
    throw new ClosebellError('CB_STORE_UNREACHABLE', fact, { remedy, retriable: true })
  }
}
