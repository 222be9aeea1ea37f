import { TickKind, type BookBatch, type DayOpened, type DictionaryEntry, type TickBatch } from '../../schemas/market.ts'
import { dayStart, type MarketProfile } from '../../schemas/profiles/index.ts'
import { channelsMax } from '../book/order-table.ts'
import type { PendingBatch, RowFault } from './events.ts'

const symbolPattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/
const dayLength = 24 * 3600 * 1_000_000
/** A batch every 5 ms of a whole day: a number beyond is no count of a producer of ours. */
const batchNumberMax = 1 << 24

/** Symbols that may not enter: `__proto__`, line breaks, a megabyte of text. */
export const isSymbol = (symbol: string): boolean => symbolPattern.test(symbol)

const fault = (row: number, code: RowFault['code'], detail: string): RowFault => ({ row, code, detail })

/** What is wrong with the symbol of a row, null when nothing is. */
export const symbolFault = (row: number, symbol: string): RowFault | null =>
  isSymbol(symbol) ? null : fault(row, 'CB_SYMBOL', `symbol ${JSON.stringify(symbol.slice(0, 40))}`)

/** Faults that every kind of row can have: symbol, time outside of the date, time going back within the batch. */
function commonFaults(batch: TickBatch | BookBatch, midnight: number): RowFault[] {
  const faults: RowFault[] = []
  const badSymbols = batch.dictionary.map((entry, index) => symbolFault(index, entry.instrument))
  const hasBadSymbol = badSymbols.some((bad) => bad !== null)
  const earliest = midnight - batch.baseTime
  let before = earliest
  for (let i = 0; i < batch.count; i++) {
    const symbol = batch.instrument[i]
    const time = batch.time[i]
    if (symbol >= batch.dictionary.length)
      faults.push(fault(i, 'CB_SYMBOL', `index ${symbol} of ${batch.dictionary.length} symbols`))
    else if (hasBadSymbol && badSymbols[symbol] !== null) faults.push({ ...badSymbols[symbol], row: i })
    else if (time < earliest || time >= earliest + dayLength)
      faults.push(fault(i, 'CB_TIME', `time ${batch.baseTime + time} outside ${batch.date}`))
    else if (time < before)
      faults.push(fault(i, 'CB_TIME', `time ${batch.baseTime + time} behind ${batch.baseTime + before} of its batch`))
    else before = time
  }
  return faults
}

const isId = (id: number): boolean => id >= 0 && id <= Number.MAX_SAFE_INTEGER

/** Rows of a tick batch that are no valid event. */
function tickFaults(batch: TickBatch, midnight: number): RowFault[] {
  const faults = commonFaults(batch, midnight)
  for (let i = 0; i < batch.count; i++) {
    const price = batch.price[i]
    const quantity = batch.quantity[i]
    const kind = batch.kind[i]
    if (kind > TickKind.bust) faults.push(fault(i, 'CB_WIRE_VALUE', `kind ${kind}`))
    else if (price < 0 || (kind === TickKind.trade && price === 0)) faults.push(fault(i, 'CB_PRICE', `price ${price}`))
    else if (!(quantity > 0) || !Number.isSafeInteger(quantity))
      faults.push(fault(i, 'CB_QUANTITY', `quantity ${quantity}`))
    else if (!isId(batch.buyId[i]) || !isId(batch.sellId[i]))
      faults.push(fault(i, 'CB_WIRE_VALUE', `order ids ${batch.buyId[i]} and ${batch.sellId[i]}`))
  }
  return faults
}

/** Rows of a book batch that are no valid snapshot. */
function bookFaults(batch: BookBatch, midnight: number): RowFault[] {
  const faults = commonFaults(batch, midnight)
  const levels = batch.count === 0 ? 0 : batch.bidPrice.length / batch.count
  for (let i = 0; i < batch.count; i++) {
    for (let at = i * levels; at < (i + 1) * levels; at++) {
      const lowest = Math.min(batch.bidPrice[at], batch.askPrice[at])
      const least = Math.min(batch.bidQuantity[at], batch.askQuantity[at])
      const most = Math.max(batch.bidQuantity[at], batch.askQuantity[at])
      if (lowest < 0) faults.push(fault(i, 'CB_PRICE', `price ${lowest} in level ${at - i * levels + 1}`))
      else if (!(least >= 0 && most < Infinity))
        faults.push(fault(i, 'CB_QUANTITY', `quantities ${least} and ${most} in level ${at - i * levels + 1}`))
      else continue
      break
    }
  }
  return faults
}

const isScale = (scale: number): boolean => Number.isInteger(scale) && scale > 0

/**
 * Rows whose integers cannot be summed with those of their instrument: a scale that is none, or not the one that the
 * symbol had first in its day.
 * @param first first entry of each symbol in the channels of this kind; new symbols are entered
 */
function scaleFaults(batch: TickBatch | BookBatch, first: Map<string, DictionaryEntry>): RowFault[] {
  const wrong = batch.dictionary.map((entry) => {
    const { instrument, priceScale, quantityScale } = entry
    if (!isScale(priceScale) || !isScale(quantityScale)) return `scales ${priceScale} and ${quantityScale}`
    const known = first.get(instrument)
    if (known === undefined) first.set(instrument, entry)
    else if (known.priceScale !== priceScale || known.quantityScale !== quantityScale)
      return `scales ${priceScale} and ${quantityScale} after ${known.priceScale} and ${known.quantityScale}`
    return ''
  })
  const faults: RowFault[] = []
  if (wrong.every((fact) => fact === '')) return faults
  for (let i = 0; i < batch.count; i++) {
    const fact = wrong[batch.instrument[i]] ?? ''
    if (fact !== '')
      faults.push(fault(i, 'CB_WIRE_VALUE', `${batch.dictionary[batch.instrument[i]].instrument}: ${fact}`))
  }
  return faults
}

const tickColumns = ['instrument', 'kind', 'side', 'time', 'sequence', 'price', 'quantity', 'buyId', 'sellId'] as const
const bookColumns = ['instrument', 'time', 'sequence', 'last', 'trades', 'volume', 'amount'] as const
const levelColumns = ['bidPrice', 'bidQuantity', 'askPrice', 'askQuantity'] as const

/** Columns that a batch must have, unlike order types, flags and raw times; null when none is missing. */
function columnFault(kind: PendingBatch['kind'], batch: TickBatch | BookBatch): RowFault | null {
  const names = kind === 'ticks' ? tickColumns : [...bookColumns, ...levelColumns]
  const columns = batch as unknown as Readonly<Record<string, { readonly length: number }>>
  const missing = names.find((name) => columns[name].length === 0)
  return batch.count === 0 || missing === undefined
    ? null
    : fault(-1, 'CB_WIRE_COLUMN', `${missing} is absent in a batch of ${batch.count} rows`)
}

/** What is wrong with a batch as a whole, null when nothing is. */
export const batchFault = (kind: PendingBatch['kind'], batch: TickBatch | BookBatch): RowFault | null =>
  numberFault(batch) ?? columnFault(kind, batch)

/** The first fault of each row that is no valid event, by row. @param scales first entry of each symbol, as above */
export function refusedRows(
  kind: PendingBatch['kind'],
  batch: TickBatch | BookBatch,
  midnight: number,
  scales: Map<string, DictionaryEntry>,
): ReadonlyMap<number, RowFault> {
  const faults = kind === 'ticks' ? tickFaults(batch as TickBatch, midnight) : bookFaults(batch as BookBatch, midnight)
  faults.push(...scaleFaults(batch, scales))
  const refused = new Map<number, RowFault>()
  for (const fault of faults) if (!refused.has(fault.row)) refused.set(fault.row, fault)
  return refused
}

/** What is wrong with the record that opens a day on a partition, null when nothing is. */
export function openingFault({ date, chains }: DayOpened, profile: MarketProfile): RowFault | null {
  if (chains.length > channelsMax)
    return fault(-1, 'CB_WIRE_VALUE', `${chains.length} chains on one partition, at most ${channelsMax}`)
  if (/^\d{4}-\d{2}-\d{2}$/.test(date) && !Number.isNaN(dayStart(profile, date))) return null
  return fault(-1, 'CB_TIME', `${JSON.stringify(date.slice(0, 40))} is no date`)
}

/** Refused rows take the time of the row before, so that a time which is none holds up nobody. */
export function settleTimes(batch: TickBatch | BookBatch, refused: ReadonlyMap<number, RowFault>): void {
  for (const row of [...refused.keys()].sort((a, b) => a - b))
    batch.time[row] = row === 0 ? -(2 ** 31) : batch.time[row - 1]
}

/** What is wrong with the number of a batch, null when nothing is. */
function numberFault({ batchNumber }: TickBatch | BookBatch): RowFault | null {
  if (batchNumber >= 0 && batchNumber < batchNumberMax) return null
  return fault(-1, 'CB_WIRE_VALUE', `batch number ${batchNumber} outside of 0 to ${batchNumberMax}`)
}

/** Marks rows to be passed over; null where every row is good. */
export function skipOf(count: number, rows: readonly number[]): PendingBatch['skip'] {
  if (rows.length === 0) return null
  const skip = new Uint8Array(count)
  for (const row of rows) skip[row] = 1
  return skip
}

const isQuantity = (quantity: number): boolean =>
  quantity > 0 && quantity <= Number.MAX_SAFE_INTEGER && Math.floor(quantity) === quantity

/**
 * Whether no row of a batch is refused, its dictionary aside: what the functions above find out row by row and name, in
 * one pass that makes nothing.
 */
export function isSoundBatch(kind: PendingBatch['kind'], batch: TickBatch | BookBatch, midnight: number): boolean {
  const { count, time, instrument, baseTime, dictionary } = batch
  let before = midnight - baseTime
  for (let i = 0; i < count; i++) {
    if (!(time[i] >= before) || instrument[i] >= dictionary.length) return false
    before = time[i]
  }
  if (before >= midnight + dayLength - baseTime) return false
  return kind === 'ticks' ? areSoundTicks(batch as TickBatch) : areSoundBooks(batch as BookBatch)
}

function areSoundTicks({ count, kind, price, quantity, buyId, sellId }: TickBatch): boolean {
  for (let i = 0; i < count; i++) {
    if (kind[i] > TickKind.bust || price[i] < 0 || (price[i] === 0 && kind[i] === TickKind.trade)) return false
    if (!isQuantity(quantity[i]) || !isId(buyId[i]) || !isId(sellId[i])) return false
  }
  return true
}

function areSoundBooks({ bidPrice, bidQuantity, askPrice, askQuantity }: BookBatch): boolean {
  for (let at = 0; at < bidPrice.length; at++) {
    if (bidPrice[at] < 0 || askPrice[at] < 0) return false
    if (!(bidQuantity[at] >= 0 && askQuantity[at] >= 0)) return false
    if (!(bidQuantity[at] < Infinity && askQuantity[at] < Infinity)) return false
  }
  return true
}
