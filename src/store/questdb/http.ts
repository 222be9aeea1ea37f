import { request as plainRequest } from 'node:http'
import { request as tlsRequest } from 'node:https'
import type { Access } from '../../ports/access.ts'
import { ClosebellError } from '../../../schemas/errors.ts'

/** A QuestDB server, and who is asking. */
export interface QuestdbServer {
  readonly host: string
  readonly port: number
  readonly access: Access
}

export const originOf = ({ host, port, access }: QuestdbServer): string =>
  `${access.tls === null ? 'http' : 'https'}://${host}:${port}`

export interface Answer {
  readonly status: number
  readonly body: Buffer
}

/** Asks for a path, or posts a body there. Not by `fetch`, which takes no certificates of one's own. */
export function ask(
  server: QuestdbServer,
  path: string,
  { timeoutMs, body }: { readonly timeoutMs: number; readonly body?: Uint8Array },
): Promise<Answer> {
  const { host, port, access } = server
  const { user, token, tls } = access
  const options = {
    host,
    port,
    path,
    method: body === undefined ? 'GET' : 'POST',
    signal: AbortSignal.timeout(timeoutMs),
    headers: {
      ...(body === undefined ? {} : { 'content-length': body.byteLength }),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(user === null ? {} : { auth: `${user.name}:${user.password}` }),
  }
  return new Promise((resolve, reject) => {
    const asked =
      tls === null
        ? plainRequest(options)
        : tlsRequest({ ...options, minVersion: 'TLSv1.2', ...(tls.ca === null ? {} : { ca: tls.ca }) })
    // A server may close a kept connection just as it is used again; asking twice changes nothing.
    asked.on('error', (error: NodeJS.ErrnoException) => {
      if (asked.reusedSocket && error.code === 'ECONNRESET')
        resolve(ask(server, path, { timeoutMs, ...(body && { body }) }))
      else reject(error)
    })
    asked.on('response', (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts) }))
    })
    asked.end(body)
  })
}

export const noAccess = (origin: string, cause: unknown): ClosebellError =>
  new ClosebellError('CB_STORE_ACCESS', `${origin} does not know who asks`, { cause })

export function unreachable(origin: string, cause: unknown): ClosebellError {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  const message = inner instanceof Error ? inner.message : String(inner)
  return new ClosebellError('CB_STORE_UNREACHABLE', `${origin} does not answer: ${message}`, { cause, retriable: true })
}
