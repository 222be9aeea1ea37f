import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { ClosebellError } from '../../schemas/errors.ts'

/** Why a request is turned away, and with which status. */
export interface Refusal {
  readonly status: 401 | 403
  readonly error: ClosebellError
}

const cookieName = 'closebell'
const tokenLengthMin = 16

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Host name of a Host header or the authority of an origin: without its port, an IPv6 address without brackets. */
const hostName = (authority: string): string =>
  authority
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .toLowerCase()

/** Whether an address to bind to is reached from this machine alone. */
export const isLoopback = (host: string): boolean => /^(localhost|::1|127(\.\d{1,3}){3})$/.test(host)

/**
 * Who may ask. On loopback: whoever names the server as localhost, so that a page of another site cannot reach it under
 * a name of its own that resolves to 127.0.0.1. Beyond loopback: whoever has the token, as `Authorization: Bearer` or
 * as the cookie that a page swapped it for. In both cases a browser's request must come from a page of this server.
 */
export class Guard {
  readonly #isLoopback: boolean
  readonly #tokenHash: Buffer | null
  readonly #cookieHash: Buffer | null

  /** @throws ClosebellError CB_USAGE beyond loopback without a token, or with one that can be guessed */
  constructor(host: string, token: string | null) {
    this.#isLoopback = isLoopback(host)
    if (token === null && !this.#isLoopback) {
      throw new ClosebellError('CB_USAGE', `${host} is reached from a network, and no token is set`, {
        remedy: 'Name a file with one by --token-file, or bind to 127.0.0.1.',
      })
    }
    if (token !== null && token.length < tokenLengthMin) {
      throw new ClosebellError('CB_USAGE', `the token has ${token.length} characters, at least ${tokenLengthMin}`)
    }
    this.#tokenHash = token === null ? null : hashOf(token)
    this.#cookieHash = this.#tokenHash === null ? null : hashOf(this.#cookieValue(this.#tokenHash))
  }

  /** Null when the request may pass. */
  refusal(headers: IncomingHttpHeaders): Refusal | null {
    const { host = '', origin } = headers
    if (this.#isLoopback && !isLoopback(hostName(host))) {
      return refused(403, `the server is asked for as ${host || 'nothing'}, not as localhost`)
    }
    if (origin !== undefined && authorityOf(origin) !== host.toLowerCase()) {
      return refused(403, `the request comes from a page of ${origin}`)
    }
    if (this.#tokenHash === null || this.#hasToken(headers)) return null
    return refused(401, 'the request has no valid token')
  }

  /** Whether a text is the token. */
  admits(token: string): boolean {
    return this.#tokenHash !== null && timingSafeEqual(hashOf(token), this.#tokenHash)
  }

  /** Value of a Set-Cookie header, for a page that has shown its token; scripts cannot read it. */
  cookie(): string {
    if (this.#tokenHash === null) throw new ClosebellError('CB_INTERNAL', 'a server without a token sets a cookie')
    return `${cookieName}=${this.#cookieValue(this.#tokenHash)}; HttpOnly; SameSite=Strict; Path=/`
  }

  /** Not the token itself, which a client may use elsewhere too. */
  #cookieValue(tokenHash: Buffer): string {
    return createHash('sha256').update(cookieName).update(tokenHash).digest('base64url')
  }

  #hasToken({ authorization = '', cookie = '' }: IncomingHttpHeaders): boolean {
    const bearer = /^Bearer +(\S+)$/i.exec(authorization)?.[1]
    if (bearer !== undefined) return this.admits(bearer)
    const value = new RegExp(`(?:^|; *)${cookieName}=([^;]*)`).exec(cookie)?.[1]
    return value !== undefined && this.#cookieHash !== null && timingSafeEqual(hashOf(value), this.#cookieHash)
  }
}

const refused = (status: Refusal['status'], fact: string): Refusal => ({
  status,
  error: new ClosebellError('CB_ACCESS', fact),
})

const authorityOf = (origin: string): string => (URL.canParse(origin) ? new URL(origin).host.toLowerCase() : '')
