import type { IncomingHttpHeaders } from 'node:http'
import { ClosebellError } from '../../schemas/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { DayEvent, RetractedEvent } from '../workers/subscription/whole-day.ts'
import { acceptance } from './accept.ts'
import { factorNames, type CompletedDays, type CompletedEntry } from './completed-days.ts'
import { dayDocument, factorCsv, factorDocument, weightsDocument } from './documents.ts'
import { expectedAt, nextDate } from './expected.ts'
import { openApi } from './open-api.ts'

export interface Answer {
  readonly status: 200 | 304
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** A request that gets problem details instead. */
export class HttpFailure extends Error {
  override readonly name = 'HttpFailure'
  readonly status: number
  readonly error: ClosebellError
  readonly more: Readonly<Record<string, unknown>>

  constructor(status: number, error: ClosebellError, more: Readonly<Record<string, unknown>> = {}) {
    super(error.message)
    this.status = status
    this.error = error
    this.more = more
  }
}

export interface ApiOptions {
  readonly days: CompletedDays
  readonly clock: Clock
  /** Market profile, for the day that is to be expected. */
  readonly profile: string
  readonly version: string
}

const json = 'application/json'
const csv = 'text/csv'
const forEver = 'private, max-age=31536000, immutable'

/** Answers everything but the stream of events. */
export class Api {
  readonly #options: ApiOptions

  constructor(options: ApiOptions) {
    this.#options = options
  }

  /** @throws HttpFailure for whatever is not answered with a document */
  async answer(url: URL, headers: IncomingHttpHeaders): Promise<Answer> {
    if (url.pathname === '/openapi.json') {
      knownParameters(url, [])
      return { status: 200, headers: { 'content-type': json, 'cache-control': 'no-cache' }, body: this.#description() }
    }
    const path = /^\/v1\/days\/([^/]+)(?:\/(weights)|\/factors\/([^/]+))?$/.exec(url.pathname)
    if (path === null) {
      throw new HttpFailure(404, new ClosebellError('CB_ABSENT', `no path ${url.pathname}`, { remedy: seeDescription }))
    }
    const [, date, weights, set] = path
    knownParameters(url, ['revision'])
    const revision = revisionOf(url)
    const entry = this.#entryOf(date, revision)
    const day = await this.#day(entry)
    const isFixed = revision !== null
    if (set !== undefined) return factorAnswer(day, set, headers, isFixed)
    const found = weights === undefined ? dayDocument(day, entry) : weightsOf(day)
    return documentAnswer(found, `${entry.revision}-${entry.hash.slice(0, 16)}`, json, headers, isFixed)
  }

  #description(): string {
    return `${JSON.stringify(openApi(this.#options.version))}\n`
  }

  /** The entry that a path names. */
  #entryOf(date: string, revision: number | null): CompletedEntry {
    const { days } = this.#options
    if (date === 'latest') {
      if (revision !== null) throw misused('latest has no revision')
      const last = days.latest()
      if (last === undefined) throw this.#notYet(this.#nextDate())
      if (last.isRetracted) throw retracted(last)
      return last
    }
    if (!/^\d{4}-\d{2}-\d{2}$/.test(date) || Number.isNaN(Date.parse(date))) {
      throw misused(`${date} is neither a date YYYY-MM-DD nor latest`)
    }
    const revisions = days.revisionsOf(date)
    if (revisions.length === 0) throw this.#notYet(date)
    const wanted = revision ?? Math.max(...revisions.map((entry) => entry.revision))
    // A retraction takes back whatever stood before it.
    const retraction = revisions.find((entry) => entry.isRetracted && entry.revision >= wanted)
    if (retraction !== undefined) throw retracted(retraction)
    const entry = revisions.find((one) => one.revision === wanted)
    if (entry === undefined) {
      throw new HttpFailure(404, new ClosebellError('CB_ABSENT', `${date} has no revision ${wanted}`))
    }
    return entry
  }

  #nextDate(): string {
    const { days, profile, clock } = this.#options
    return nextDate(profile, days.entries, clock.now())
  }

  #notYet(date: string): HttpFailure {
    const { days, profile } = this.#options
    const at = orNothing(() => expectedAt(profile, date, days.entries))
    const fact = at === null ? `${date} is no day that was completed` : `${date} is not completed yet`
    const remedy = at === null ? {} : { remedy: 'Ask again at expected_at, or follow /v1/events.' }
    return new HttpFailure(404, new ClosebellError('CB_ABSENT', fact, remedy), at === null ? {} : { expected_at: at })
  }

  /** @throws HttpFailure 502 when the log does not hold what `completed` names */
  async #day(entry: CompletedEntry): Promise<DayEvent> {
    const event: DayEvent | RetractedEvent = await this.#options.days.day(entry).catch((error: unknown) => {
      throw error instanceof ClosebellError ? new HttpFailure(502, error) : error
    })
    if (event.type === 'retracted') throw retracted(entry)
    return event
  }
}

const seeDescription = 'See /openapi.json.'

const misused = (fact: string): HttpFailure =>
  new HttpFailure(400, new ClosebellError('CB_USAGE', fact, { remedy: seeDescription }))

const retracted = ({ date, revision }: CompletedEntry): HttpFailure =>
  new HttpFailure(410, new ClosebellError('CB_RETRACTED', `${date} was retracted by revision ${revision}`))

/** A calendar that ends says nothing of a date, which is no reason to answer nothing at all. */
function orNothing<T>(work: () => T): T | null {
  try {
    return work()
  } catch (error) {
    if (error instanceof ClosebellError && error.code === 'CB_CALENDAR_END') return null
    throw error
  }
}

export function knownParameters({ searchParams }: URL, known: readonly string[]): void {
  const unknown = [...searchParams.keys()].find((name) => !known.includes(name))
  if (unknown !== undefined) throw misused(`unknown parameter ${unknown}`)
}

function revisionOf({ searchParams }: URL): number | null {
  const text = searchParams.get('revision')
  if (text === null) return null
  if (!/^\d{1,6}$/.test(text)) throw misused(`revision: ${text} is no whole number`)
  return Number(text)
}

function weightsOf(day: DayEvent) {
  if (day.factors.ML_C === undefined) {
    throw new HttpFailure(404, new ClosebellError('CB_ABSENT', `${day.date} has no ML_C, and so no weights`))
  }
  return weightsDocument(day)
}

function factorAnswer(day: DayEvent, set: string, headers: IncomingHttpHeaders, isFixed: boolean): Answer {
  const name = factorNames.find((one) => one === set)
  if (name === undefined) throw misused(`${set} is none of ${factorNames.join(', ')}`)
  const values = day.factors[name]
  if (values === undefined) {
    const reason = day.completed.sets.find((one) => one.set === name)?.reason ?? ''
    const fact = `${day.date} has no ${name}${reason === '' ? '' : `: ${reason}`}`
    throw new HttpFailure(404, new ClosebellError('CB_ABSENT', fact), reason === '' ? {} : { reason })
  }
  const [jsonWeight, csvWeight] = [json, csv].map((type) => acceptance(headers.accept, type))
  if (jsonWeight === 0 && csvWeight === 0) {
    const fact = `${headers.accept} is neither ${json} nor ${csv}`
    throw new HttpFailure(406, new ClosebellError('CB_USAGE', fact, { remedy: seeDescription }))
  }
  const { mlCHash, sets } = day.completed
  const hash = name === 'ML_C' ? mlCHash : (sets.find((one) => one.set === name)?.hash ?? '')
  const tag = `${day.revision}-${hash.slice(0, 16)}`
  return csvWeight > jsonWeight
    ? documentAnswer(factorCsv(values), `${tag}-csv`, `${csv}; charset=utf-8; header=present`, headers, isFixed)
    : documentAnswer(factorDocument(day, name, values), `${tag}-json`, json, headers, isFixed)
}

/** A fixed revision never changes; what is newest may, so that it is asked for with its tag again. */
function documentAnswer(
  found: object | string,
  tag: string,
  type: string,
  { 'if-none-match': known = '' }: IncomingHttpHeaders,
  isFixed: boolean,
): Answer {
  const etag = `"${tag}"`
  const headers = { etag, 'cache-control': isFixed ? forEver : 'no-cache', vary: 'accept, authorization, cookie' }
  const isKnown = known.trim() === '*' || known.split(',').some((one) => one.trim().replace(/^W\//, '') === etag)
  if (isKnown) return { status: 304, headers, body: '' }
  const body = typeof found === 'string' ? found : `${JSON.stringify(found)}\n`
  return { status: 200, headers: { ...headers, 'content-type': type }, body }
}
