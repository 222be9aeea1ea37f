import { basename } from 'node:path'
import { ClosebellError } from '../../../schemas/errors.ts'
import { tradingDays } from '../../../schemas/calendars/index.ts'
import type { MarketProfile } from '../../../schemas/profiles/index.ts'
import { eventTimeToDate, numbers, type Rows, type Store } from '../../ports/store.ts'
import { partOf, symbolRule, type DailyMapping, type Mapping } from '../mapping.ts'
import { BarFiles, type FileSpan } from './bar-files.ts'
import { BarReducer, NameStates } from './bar-reducer.ts'
import { basisOf, readLedger, sha256OfFile, writeLedger, type Ledger, type LedgerFile } from './ledger.ts'
import { primedTechnical } from './primed-technical.ts'
import { PvRows } from './pv-rows.ts'
import { DailyTally } from './report.ts'

const rowsPerAppend = 100_000

export interface DailyImport {
  readonly store: Store
  readonly files: readonly string[]
  readonly mapping: Mapping
  readonly profile: MarketProfile
  /** Told now and then how many of how many rows are done. */
  readonly onProgress?: (done: number, total: number) => void
  readonly signal?: AbortSignal
}

export interface DailyReport {
  /** True when all files were in the store already. */
  readonly unchanged: boolean
  readonly tally: DailyTally
  readonly names: number
  /** First and last date of the rows; '' when there are none. */
  readonly from: string
  readonly to: string
  /** Trading days of the calendar on which no name has a row. */
  readonly gaps: readonly string[]
  /** Days without a row of a name between its first and its last. */
  readonly suspended: number
  /** Breaks of the ratio adjusted / raw: ex-days that were found. */
  readonly breaks: number
}

/**
 * Brings daily bars into table pv and what follows from them into table g. Rows have deterministic keys and values: the
 * same files give the same rows, whatever order they are named in, and what is stored already is not read again.
 * @throws ClosebellError CB_ABSENT, CB_FEED_INPUT for files, CB_CALENDAR_END for dates that no calendar knows
 */
export async function importDaily(options: DailyImport): Promise<DailyReport> {
  const { store, mapping } = options
  const part = partOf(mapping, 'daily')
  const tally = new DailyTally()
  const files = [...options.files].sort((a, b) => (basename(a) < basename(b) ? -1 : 1))
  await store.ensureTables()
  const ledger = await readLedger(store, mapping)
  const hashes = await Promise.all(files.map(hashOf))
  if (ledger !== null && (await stands(store, ledger, hashes))) return unchangedReport(ledger, tally)
  const source = await BarFiles.open(files, part, symbolRule(mapping), tally)
  try {
    const spans = await source.spans()
    const named = files.map((file, i) => ({ name: basename(file), sha256: hashes[i], ...(spans[i] ?? noSpan) }))
    const base = baseOf(ledger, named)
    const state = statesOf(source.symbols, part, base)
    const from = base === null ? '' : spanOf(named).from
    const reducer = await reduceBars(options, files, source, state, { from, tally })
    await store.applied(['pv', 'g'])
    const report = reportOf(options, reducer.days, state, tally)
    await writeLedger(store, mapping, {
      basis: basisOf(mapping),
      files: [...(base?.files ?? []), ...named],
      days: (base?.days ?? 0) + reducer.days.length,
      state: { ...base?.state, ...savedStates(source.symbols, state) },
    })
    return report
  } finally {
    source.close()
  }
}

const noSpan: FileSpan = { from: '', to: '' }

const hashOf = (file: string): Promise<string> =>
  sha256OfFile(file).catch((cause: unknown) => {
    throw new ClosebellError('CB_ABSENT', `no file ${file}`, { cause })
  })

/** Whether all files were imported and their days still have rows. */
async function stands(store: Store, ledger: Ledger, hashes: readonly string[]): Promise<boolean> {
  const known = new Set(ledger.files.map(({ sha256 }) => sha256))
  if (!hashes.every((hash) => known.has(hash))) return false
  const { from, to } = spanOf(ledger.files)
  if (from === '') return true
  const [pv, g] = [await store.dates('pv', from, to), await store.dates('g', from, to)]
  return Math.min(pv.length, g.length) >= ledger.days
}

function spanOf(files: readonly LedgerFile[]): FileSpan {
  const dated = files.filter(({ from }) => from !== '')
  const [froms, tos] = [dated.map(({ from }) => from).sort(), dated.map(({ to }) => to).sort()]
  return { from: froms[0] ?? '', to: tos.at(-1) ?? '' }
}

/**
 * What the files go on from: what was imported, when all of them are later; nothing, when they hold all of it anew.
 * Ratios and factors of a day come from all days before it, so that anything between is refused.
 */
function baseOf(ledger: Ledger | null, files: readonly LedgerFile[]): Ledger | null {
  if (ledger === null) return null
  const [before, now] = [spanOf(ledger.files), spanOf(files)]
  if (now.from === '' || now.from > before.to) return ledger
  const names = new Set(files.map(({ name }) => name))
  const absent = ledger.files.filter(({ name }) => !names.has(name)).map(({ name }) => name)
  if (absent.length === 0) return null
  const rest = absent.length > 3 ? `${absent.slice(0, 3).join(', ')} and ${absent.length - 3} more` : absent.join(', ')
  throw new ClosebellError(
    'CB_FEED_INPUT',
    `these files begin on ${now.from}, but rows up to ${before.to} are stored already, and later ones depend on them`,
    { remedy: `Name ${rest} in the same command.` },
  )
}

function statesOf(symbols: readonly string[], mapping: DailyMapping, base: Ledger | null): NameStates {
  const state = new NameStates(symbols.length, mapping)
  symbols.forEach((symbol, name) => {
    const saved = base !== null && Object.hasOwn(base.state, symbol) ? base.state[symbol] : undefined
    if (saved === undefined) return
    const [low, high, close, factor] = saved.map((value) => value ?? Number.NaN)
    state.ratios.low[name] = low
    state.ratios.high[name] = high
    state.close[name] = close
    state.factor[name] = factor
  })
  return state
}

const savedStates = (symbols: readonly string[], { ratios, close, factor }: NameStates): Ledger['state'] =>
  Object.fromEntries(
    symbols.map((symbol, i) => [symbol, [ratios.low[i], ratios.high[i], close[i], factor[i]].map(orNull)]),
  )

const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value)

async function reduceBars(
  options: DailyImport,
  files: readonly string[],
  source: BarFiles,
  state: NameStates,
  continued: { readonly from: string; readonly tally: DailyTally },
): Promise<BarReducer> {
  const { store, profile, signal } = options
  const { tally } = continued
  const { symbols } = source
  const mapping = partOf(options.mapping, 'daily')
  const rows = new PvRows(rowsPerAppend, mapping.adjusted_as_of ?? '')
  const technical = await primedTechnical(store, symbols, continued.from)
  const kept = await keptDates(store, source)
  const reducer = new BarReducer({ files, symbols, mapping, profile, kept, state, tally, rows, technical })
  const write = new WriteBehind(store)
  const flush = (): Promise<void> => {
    const pv = rows.take()
    return write.next({ pv, g: technical.take(pv) })
  }
  for (let year = source.firstYear; year <= source.lastYear; year++) {
    for await (const chunk of source.year(year)) {
      signal?.throwIfAborted()
      for (let row = 0; row < chunk.count; row++) {
        reducer.take(chunk, row)
        if (rows.count === rowsPerAppend) await flush()
      }
      options.onProgress?.(tally.read, source.rows)
    }
  }
  await flush()
  await write.done()
  return reducer
}

/** Writes one lot of rows while the next is made: the store works on threads of its own. */
class WriteBehind {
  private readonly store: Store
  private writing: Promise<void> = Promise.resolve()
  private failure: unknown = null

  constructor(store: Store) {
    this.store = store
  }

  /** Resolves when the lot before is written. */
  async next(lot: Readonly<Record<'pv' | 'g', Rows>>): Promise<void> {
    await this.done()
    this.writing = this.write(lot).catch((error: unknown) => {
      this.failure = error
    })
  }

  private async write({ pv, g }: Readonly<Record<'pv' | 'g', Rows>>): Promise<void> {
    await this.store.append('pv', pv)
    await this.store.append('g', g)
  }

  async done(): Promise<void> {
    await this.writing
    if (this.failure !== null) throw this.failure
  }
}

/** Dates that a session left rows of, which an import does not write over. */
async function keptDates(store: Store, { firstYear, lastYear }: BarFiles): Promise<Set<string>> {
  const dates = new Set<string>()
  if (lastYear < firstYear) return dates
  const span = { from: `${firstYear}-01-01`, to: `${lastYear}-12-31` }
  for (const origin of ['live', 'backfill']) {
    const rows = await store.panel({ table: 'pv', columns: ['event_time'], ...span, where: { origin } })
    for (const time of new Set(numbers(rows, 'event_time'))) dates.add(eventTimeToDate(time))
  }
  return dates
}

function reportOf(options: DailyImport, days: readonly number[], state: NameStates, tally: DailyTally): DailyReport {
  const dateOf = (day: number): string => eventTimeToDate(day * 86_400_000_000)
  const [from, to] = days.length === 0 ? ['', ''] : [dateOf(days[0]), dateOf(days[days.length - 1])]
  const dates = from === '' ? [] : tradingDays(options.profile, from, to)
  const held = new Set(days.map(dateOf))
  const placeOf = new Map(dates.map((date, place) => [date, place]))
  let suspended = 0
  let names = 0
  state.count.forEach((count, name) => {
    if (count === 0) return
    names++
    const first = placeOf.get(dateOf(state.firstDay[name])) as number
    suspended += (placeOf.get(dateOf(state.lastDay[name])) as number) - first + 1 - count
  })
  const gaps = dates.filter((date) => !held.has(date))
  return { unchanged: false, tally, names, from, to, gaps, suspended, breaks: state.ratios.breaks }
}

const unchangedReport = (ledger: Ledger, tally: DailyTally): DailyReport => ({
  unchanged: true,
  tally,
  names: Object.keys(ledger.state).length,
  ...spanOf(ledger.files),
  gaps: [],
  suspended: 0,
  breaks: 0,
})
