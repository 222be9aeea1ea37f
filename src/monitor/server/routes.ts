import type { IncomingMessage, ServerResponse } from 'node:http'
import { ClosebellError } from '../../../schemas/errors.ts'
import { limits } from '../../../schemas/limits.ts'
import type { Guard } from '../../http/guard.ts'
import { securityHeaders } from '../../http/headers.ts'
import { answerProblem, problemOf } from '../../http/problem.ts'
import { gridColumns, shownColumns } from '../protocol/columns.ts'
import { qualityColumn, type Hello } from '../protocol/messages.ts'
import type { Asset } from './assets.ts'
import { namedFlags } from './monitored-day.ts'
import type { StoredFacts } from './stored-facts.ts'
import type { View } from './view.ts'

export interface RouteOptions {
  readonly view: View
  readonly facts: StoredFacts
  readonly guard: Guard
  /** Whether pages swap a token for a cookie. */
  readonly hasToken: boolean
  readonly assets: ReadonlyMap<string, Asset>
  readonly deployment: string
  /** Whether the server has read what was in the log when it began. */
  readonly isReady: () => boolean
  readonly metrics: () => Promise<{ readonly type: string; readonly text: string }>
  /** Takes over a response as a stream of the columns. */
  readonly stream: (response: ServerResponse, ids: readonly string[]) => void
}

const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

/** Columns that one page may ask for; more would be a way to make a server send without end. */
const idsMax = 40

type Answer = (url: URL, response: ServerResponse, request: IncomingMessage) => void | Promise<void>

/** Answers requests. Page, health and readiness are for anyone who reaches the server, all else for whoever may ask. */
export function makeHandler(options: RouteOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const { guard, assets } = options
  const routes = routesOf(options)
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = urlOf(request)
    const refusal = guard.refusal(request.headers)
    const asset = assets.get(url.pathname === '/' ? '/page/page.html' : url.pathname)
    const isOpen = asset !== undefined || url.pathname === '/healthz' || url.pathname === '/readyz'
    if (refusal !== null && !(isOpen && refusal.status === 401)) {
      return answerProblem(response, problemOf(refusal.status, refusal.error))
    }
    if (asset !== undefined && isGet(request)) return answerAsset(response, asset)
    const route = Object.hasOwn(routes, url.pathname) ? routes[url.pathname] : undefined
    if (route === undefined) return answerProblem(response, problemOf(404, absent(`${url.pathname} is no page here`)))
    const method = url.pathname === '/api/session' ? 'POST' : 'GET'
    if (request.method !== method) {
      return answerProblem(response, problemOf(405, absent(`${url.pathname} takes ${method}`)), { allow: method })
    }
    await route(url, response, request)
  }
  return (request, response) => void answer(request, response).catch((error) => answerFailure(response, error))
}

/** @throws ClosebellError CB_USAGE for what is no path */
function urlOf({ url = '/' }: IncomingMessage): URL {
  if (!URL.canParse(url, 'http://monitor')) throw new ClosebellError('CB_USAGE', `${url} is no path`)
  return new URL(url, 'http://monitor')
}

const isGet = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD'

const absent = (fact: string): ClosebellError => new ClosebellError('CB_ABSENT', fact)

function answerFailure(response: ServerResponse, error: unknown): void {
  const known = error instanceof ClosebellError ? error : new ClosebellError('CB_INTERNAL', String(error))
  if (response.headersSent) response.destroy()
  else
    answerProblem(response, problemOf(known.code === 'CB_ABSENT' ? 404 : known.code === 'CB_USAGE' ? 400 : 500, known))
}

function answerAsset(response: ServerResponse, { type, bytes }: Asset): void {
  response.writeHead(200, {
    ...securityHeaders,
    'content-security-policy': pagePolicy,
    'content-type': type,
    'content-length': bytes.length,
    'cache-control': 'no-cache',
  })
  response.end(bytes)
}

function answerText(response: ServerResponse, type: string, text: string, status = 200): void {
  response.writeHead(status, { ...securityHeaders, 'content-type': type, 'cache-control': 'no-store' })
  response.end(text)
}

const answerJson = (response: ServerResponse, value: unknown): void =>
  answerText(response, 'application/json', JSON.stringify(value))

function routesOf(options: RouteOptions): Readonly<Record<string, Answer>> {
  const { view, facts, guard, hasToken, deployment, isReady, metrics, stream } = options
  const columns = gridColumns()
  const hello: Hello = {
    deployment,
    profile: view.day.profile,
    columns,
    shown: shownColumns(columns),
    limits,
    flags: namedFlags,
  }
  const known = new Set([...columns.map(({ id }) => id), qualityColumn])
  return {
    '/healthz': (_, response) => answerText(response, 'text/plain', 'ok\n'),
    '/readyz': (_, response) =>
      isReady() ? answerText(response, 'text/plain', 'ready\n') : answerText(response, 'text/plain', 'reading\n', 503),
    '/metrics': async (_, response) => {
      const { type, text } = await metrics()
      answerText(response, type, text)
    },
    '/api/session': (_, response) => {
      response.writeHead(204, { ...securityHeaders, ...(hasToken ? { 'set-cookie': guard.cookie() } : {}) })
      response.end()
    },
    '/api/hello': (_, response) => answerJson(response, hello),
    '/api/stream': (url, response) => stream(response, idsOf(url, known)),
    '/api/minute': (url, response) =>
      answerJson(response, view.day.earlierMinute(minuteOf(url, view), idsOf(url, known))),
    '/api/instrument': (url, response) => {
      const symbol = url.searchParams.get('symbol') ?? ''
      const day = view.day.instrument(symbol)
      if (day === null) throw absent(`${view.day.date} has no instrument ${symbol}`)
      answerJson(response, day)
    },
    '/api/history': async (url, response) =>
      answerJson(response, await facts.history(url.searchParams.get('symbol') ?? '', view.day.date)),
    '/api/factors': (_, response) => answerJson(response, view.factorTable()),
    '/api/refused': (_, response) => answerJson(response, view.day.refused()),
  }
}

/** @throws ClosebellError CB_USAGE for a column that the page does not know */
function idsOf(url: URL, known: ReadonlySet<string>): string[] {
  const ids = [...new Set((url.searchParams.get('columns') ?? '').split(',').filter((id) => id !== ''))]
  const unknown = ids.find((id) => !known.has(id))
  if (unknown !== undefined) throw new ClosebellError('CB_USAGE', `there is no column ${unknown}`)
  if (ids.length > idsMax)
    throw new ClosebellError('CB_USAGE', `${ids.length} columns are asked for, at most ${idsMax}`)
  return [...ids, qualityColumn]
}

function minuteOf(url: URL, { day }: View): number {
  const minute = Number(url.searchParams.get('minute') ?? '')
  if (!day.minutes.minutes.includes(minute)) throw absent(`${day.date} has no sealed minute ${minute}`)
  return minute
}
