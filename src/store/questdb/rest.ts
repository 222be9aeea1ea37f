import { ClosebellError } from '../../../schemas/errors.ts'
import { ask, noAccess, originOf, unreachable, type Answer, type QuestdbServer } from './http.ts'

/** QuestDB's REST interface: /exec for statements and small answers, /exp for bulk reads as Parquet. */

export type Cell = string | number | boolean | null

const requestTimeoutMs = 120_000
const tooManyRequests = 429

/** Characters; a panel's statement travels in the URL, where some take three bytes, and the server takes 64 KB. */
export const longestStatement = 20_000

export class QuestdbRest {
  readonly #server: QuestdbServer
  readonly #origin: string

  constructor(server: QuestdbServer) {
    this.#server = server
    this.#origin = originOf(server)
  }

  /** Rows of a small answer. */
  async rows(statement: string): Promise<readonly (readonly Cell[])[]> {
    const { body } = await this.#get('/exec', { query: statement })
    const answer = JSON.parse(body.toString()) as { dataset?: Cell[][] }
    return answer.dataset ?? []
  }

  /**
   * The answer as a Parquet file; null when the server exports as many already as it may. Decompressing in JavaScript
   * would take longer than the bytes on a local network.
   */
  async parquet(statement: string): Promise<ArrayBuffer | null> {
    const parameters = { query: statement, fmt: 'parquet', compression_codec: 'uncompressed' }
    const { status, body } = await this.#get('/exp', parameters, tooManyRequests)
    if (status === tooManyRequests) return null
    return body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength) as ArrayBuffer
  }

  async #get(path: string, parameters: Record<string, string>, alsoTaken?: number): Promise<Answer> {
    let answer: Answer
    try {
      const asked = `${path}?${new URLSearchParams(parameters).toString()}`
      answer = await ask(this.#server, asked, { timeoutMs: requestTimeoutMs })
    } catch (cause) {
      throw unreachable(this.#origin, cause)
    }
    const { status, body } = answer
    if (status === 200 || status === alsoTaken) return answer
    if (status === 401 || status === 403) throw noAccess(this.#origin, new Error(`status ${status}`))
    throw new ClosebellError('CB_INTERNAL', `QuestDB refused ${parameters['query'] ?? path}: ${body.toString()}`)
  }
}
