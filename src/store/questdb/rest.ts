import { ClosebellError } from '../../../schemas/errors.ts'

/** QuestDB's REST interface: /exec for statements and small answers, /exp for bulk reads as Parquet. */

export type Cell = string | number | boolean | null

const requestTimeoutMs = 120_000
const tooManyRequests = 429

/** Characters; a panel's statement travels in the URL, where some take three bytes, and the server takes 64 KB. */
export const longestStatement = 20_000

export class QuestdbRest {
  readonly #origin: string

  constructor(host: string, port: number) {
    this.#origin = `http://${host}:${port}`
  }

  /** Rows of a small answer. */
  async rows(statement: string): Promise<readonly (readonly Cell[])[]> {
    const response = await this.#get('/exec', { query: statement })
    const answer = (await response.json()) as { dataset?: Cell[][] }
    return answer.dataset ?? []
  }

  /**
   * The answer as a Parquet file; null when the server exports as many already as it may. Decompressing in JavaScript
   * would take longer than the bytes on a local network.
   */
  async parquet(statement: string): Promise<ArrayBuffer | null> {
    const parameters = { query: statement, fmt: 'parquet', compression_codec: 'uncompressed' }
    const response = await this.#get('/exp', parameters, tooManyRequests)
    try {
      const body = await response.arrayBuffer()
      return response.status === tooManyRequests ? null : body
    } catch (cause) {
      throw unreachable(this.#origin, cause)
    }
  }

  async #get(path: string, parameters: Record<string, string>, alsoTaken?: number): Promise<Response> {
    const url = `${this.#origin}${path}?${new URLSearchParams(parameters).toString()}`
    let response: Response
    try {
      response = await fetch(url, { signal: AbortSignal.timeout(requestTimeoutMs) })
    } catch (cause) {
      throw unreachable(this.#origin, cause)
    }
    if (response.ok || response.status === alsoTaken) return response
    const text = await response.text()
    throw new ClosebellError('CB_INTERNAL', `QuestDB refused ${parameters['query'] ?? path}: ${text}`)
  }
}

export function unreachable(origin: string, cause: unknown): ClosebellError {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  const message = inner instanceof Error ? inner.message : String(inner)
  return new ClosebellError('CB_STORE_UNREACHABLE', `${origin} does not answer: ${message}`, { cause, retriable: true })
}
