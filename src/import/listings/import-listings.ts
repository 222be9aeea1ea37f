import { ClosebellError } from '../../../schemas/errors.ts'
import { eventTimeToDate, numbers, texts, dateToEventTime, type Store } from '../../ports/store.ts'
import { positiveIn, readRows, type CsvRow, type RejectedRow } from '../csv-rows.ts'
import { partOf, symbolRule, type Mapping } from '../mapping.ts'
import { StoredListings, type ListingFields } from './stored-listings.ts'

export interface ListingImport {
  readonly store: Store
  readonly file: string
  readonly mapping: Mapping
  /** From when on the rows hold; without it, from the date that the file is of. */
  readonly effective?: string | undefined
}

export interface ListingReport {
  /** Date that the file is of, and from when on its rows hold. */
  readonly asOf: string
  readonly effective: string
  /** True when rows hold before the date that they are of: what is computed for those days knows the future. */
  readonly lookAhead: boolean
  readonly names: number
  /** Rows of the table that changed: none the second time. */
  readonly written: number
  readonly rejected: readonly RejectedRow[]
}

interface FileListing {
  readonly symbol: string
  readonly fields: ListingFields
  /** What the file says beside its subject: taken where the table knows nothing. */
  readonly aside?: ListingFields
}

/**
 * Names, industries and list dates of instruments. A row holds from `effective`, or from the day its name was listed
 * where that is later.
 * @throws ClosebellError CB_ABSENT, CB_FEED_INPUT
 */
export async function importIndustries(options: ListingImport): Promise<ListingReport> {
  const { columns, as_of: asOf } = partOf(options.mapping, 'industries')
  const symbolOf = symbolIn(options.mapping, columns.code)
  const read = await readListings(options, Object.values(columns), (row) => {
    const industry = row[columns.industry].trim()
    if (industry === '') throw new RangeError('its industry is empty')
    return { symbol: symbolOf(row), fields: { industry, ...named(row, columns) } }
  })
  return write(options, asOf, read)
}

export interface SharesReport extends ListingReport {
  /** Names without a stored price up to the date of the file: their shares stand as they came. */
  readonly unpriced: number
}

/**
 * Float and total shares of instruments. Where stored prices were adjusted, shares are divided by adjusted / raw price
 * at the date of the file, so that stored price times shares is the cap.
 * @throws ClosebellError CB_ABSENT, CB_FEED_INPUT
 */
export async function importShares(options: ListingImport): Promise<SharesReport> {
  const { columns, as_of: asOf, units } = partOf(options.mapping, 'shares')
  const symbolOf = symbolIn(options.mapping, columns.code)
  const unit = units?.shares ?? 1
  const read = await readListings(options, Object.values(columns), (row) => {
    const floatShares = positiveIn(row, columns.float_shares) * unit
    const totalShares = positiveIn(row, columns.total_shares) * unit
    if (floatShares > totalShares) throw new RangeError(`float ${floatShares} is above the total ${totalShares}`)
    const shares = { float_shares: floatShares, total_shares: totalShares }
    return { symbol: symbolOf(row), fields: shares, aside: named(row, columns) }
  })
  const priced = await ratiosOn(options.store, asOf, new Set(read.listings.map(({ symbol }) => symbol)))
  let unpriced = 0
  const listings = read.listings.map(({ symbol, fields, ...rest }) => {
    const ratio = priced.get(symbol)
    if (ratio === undefined) unpriced++
    const divisor = ratio === undefined || Number.isNaN(ratio) ? 1 : ratio
    const [floatShares, totalShares] = [fields.float_shares as number, fields.total_shares as number]
    const inUnits = { float_shares: floatShares / divisor, total_shares: totalShares / divisor }
    return { ...rest, symbol, fields: inUnits }
  })
  return { ...(await write(options, asOf, { ...read, listings })), unpriced }
}

interface ReadListings {
  readonly listings: readonly FileListing[]
  readonly rejected: readonly RejectedRow[]
}

async function readListings(
  { file }: ListingImport,
  columns: readonly (string | undefined)[],
  take: (row: CsvRow) => FileListing,
): Promise<ReadListings> {
  if (!/\.csv(\.gz)?$/.test(file)) throw new ClosebellError('CB_FEED_INPUT', `${file} ends neither in .csv nor .csv.gz`)
  const listings: FileListing[] = []
  const rejected: RejectedRow[] = []
  const seen = new Set<string>()
  const wanted = columns.filter((column) => column !== undefined)
  await readRows(file, wanted, rejected, (row) => {
    const listing = take(row)
    if (seen.has(listing.symbol)) throw new RangeError(`${listing.symbol} has a row already, which counts`)
    seen.add(listing.symbol)
    listings.push(listing)
  })
  return { listings, rejected }
}

/** @throws RangeError */
const symbolIn = (mapping: Mapping, column: string): ((row: CsvRow) => string) => {
  const symbolOf = symbolRule(mapping)
  return (row) => {
    const symbol = symbolOf(row[column])
    if (symbol === null) throw new RangeError(`code '${row[column]}' is no symbol`)
    return symbol
  }
}

/** @throws RangeError */
function named(row: CsvRow, columns: { readonly name?: string | undefined; readonly list_date?: string | undefined }) {
  const name = columns.name === undefined ? '' : row[columns.name].trim()
  const listed = columns.list_date === undefined ? '' : listDate(row[columns.list_date])
  return { ...(name === '' ? {} : { name }), ...(listed === '' ? {} : { list_date: listed }) }
}

/** YYYY-MM-DD of that or of YYYYMMDD; '' and 0 = not listed yet, or not known. @throws RangeError */
function listDate(text: string): string {
  if (text === '' || text === '0') return ''
  const [, year, month, day] = /^(\d{4})-?(\d{2})-?(\d{2})$/.exec(text) ?? []
  const date = `${year}-${month}-${day}`
  const time = dateToEventTime(date)
  if (Number.isNaN(time) || eventTimeToDate(time) !== date) throw new RangeError(`list date '${text}' is no date`)
  return date
}

async function write(options: ListingImport, asOf: string, read: ReadListings): Promise<ListingReport> {
  const effective = options.effective ?? asOf
  await options.store.ensureTables()
  const stored = await StoredListings.load(options.store)
  for (const { symbol, fields, aside } of read.listings) {
    const listed = stored.listDateOf(symbol) || (fields.list_date ?? aside?.list_date ?? '')
    // The date that the table has already stays, so that two sources a day apart do not list a name twice.
    const dated = listed === '' ? fields : { ...fields, list_date: listed }
    stored.set(symbol, listed > effective ? listed : effective, dated, aside?.name)
  }
  return {
    asOf,
    effective,
    lookAhead: effective < asOf,
    names: read.listings.length,
    written: await stored.save(options.store),
    rejected: read.rejected,
  }
}

const recentDays = 400

/**
 * adj_ratio of each name's last row up to a date: NaN where its prices are raw, absent where it has no row. Most names
 * traded in the last year, so that only the others are looked for further back.
 */
async function ratiosOn(from: Store, date: string, names: ReadonlySet<string>): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  const take = async (first: string, instruments?: readonly string[]): Promise<void> => {
    const columns = ['instrument', 'adj_ratio']
    const rows = await from.panel({
      table: 'pv',
      columns,
      from: first,
      to: date,
      ...(instruments === undefined ? {} : { instruments }),
    })
    const ratios = numbers(rows, 'adj_ratio')
    texts(rows, 'instrument').forEach((symbol, i) => found.set(symbol, ratios[i]))
  }
  await from.ensureTables()
  await take(eventTimeToDate(dateToEventTime(date) - recentDays * 86_400_000_000))
  const missing = [...names].filter((name) => !found.has(name))
  if (missing.length > 0) await take('1990-01-01', missing)
  return found
}
