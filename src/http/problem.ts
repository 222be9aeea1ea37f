import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { ClosebellError } from '../../schemas/errors.ts'
import { securityHeaders } from './headers.ts'

/** Problem details (RFC 9457) with the error's code and remedy. */
export interface Problem {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly remedy: string
  readonly [more: string]: unknown
}

export const problemOf = (
  status: number,
  { code, fact, remedy }: ClosebellError,
  more: Readonly<Record<string, unknown>> = {},
): Problem => ({
  type: 'about:blank',
  title: STATUS_CODES[status] ?? 'Error',
  status,
  detail: fact,
  code,
  remedy,
  ...more,
})

/** Answers a request with what is wrong; a browser asks for no password, so 401 names the scheme alone. */
export function answerProblem(response: ServerResponse, problem: Problem, headers: Record<string, string> = {}): void {
  const { status } = problem
  response.writeHead(status, {
    ...securityHeaders,
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
    ...(status === 401 ? { 'www-authenticate': 'Bearer realm="closebell"' } : {}),
    ...headers,
  })
  response.end(`${JSON.stringify(problem)}\n`)
}
