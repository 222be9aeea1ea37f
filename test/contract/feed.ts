import { createHash, type Hash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { bookLevels, TickKind } from '../../schemas/market.ts'
import type { BookBlock, Feed, FeedDay, TickBlock } from '../../src/ports/feed.ts'

/** Σ price*quantity in the integers of the dictionary's scales, Σ quantity, and the number of trades. */
export interface TradeTotals {
  readonly amount: bigint
  readonly volume: bigint
  readonly trades: number
}

export interface FeedCase {
  readonly feed: () => Feed
  /** What the exchange itself says of a date, by date and instrument; every one is checked. */
  readonly totals: Readonly<Record<string, Readonly<Record<string, TradeTotals>>>>
}

type Block = TickBlock | BookBlock

const blockOf = (next: { ticks: TickBlock } | { books: BookBlock }): Block =>
  'ticks' in next ? next.ticks : next.books
const spanMax = 35 * 60 * 1_000_000
const optional = new Set(['orderType', 'flags'])
const wide = new Set(['bidPrice', 'bidQuantity', 'askPrice', 'askQuantity'])

async function eachDay(feed: Feed, see: (day: FeedDay) => Promise<void>): Promise<void> {
  for await (const day of feed.days()) await see(day)
}

const columnsOf = (block: Block): [string, Float64Array][] =>
  Object.entries(block).filter(([, value]) => ArrayBuffer.isView(value)) as [string, Float64Array][]

/** Hash of everything a feed gives, in the order in which it gives it. */
async function digest(feed: Feed): Promise<string> {
  const hash = createHash('sha256')
  await eachDay(feed, async (day) => {
    for await (const next of day.blocks()) hashBlock(hash, day.date, blockOf(next))
  })
  return hash.digest('hex')
}

function hashBlock(hash: Hash, date: string, block: Block): void {
  hash.update(JSON.stringify([date, block.channel, block.baseTime, block.dictionary]))
  for (const [, { buffer, byteOffset, byteLength }] of columnsOf(block)) {
    hash.update(new Uint8Array(buffer, byteOffset, byteLength))
  }
}

function addTrades(block: TickBlock, totals: Map<string, { amount: bigint; volume: bigint; trades: number }>): void {
  for (let i = 0; i < block.count; i++) {
    if (block.kind[i] !== TickKind.trade) continue
    const { instrument } = block.dictionary[block.instrument[i]]
    const total = totals.get(instrument) ?? { amount: 0n, volume: 0n, trades: 0 }
    total.amount += BigInt(block.price[i]) * BigInt(block.quantity[i])
    total.volume += BigInt(block.quantity[i])
    total.trades++
    totals.set(instrument, total)
  }
}

function checkColumns(block: Block): void {
  for (const [name, column] of columnsOf(block)) {
    const rows = column.length / (wide.has(name) ? bookLevels : 1)
    expect([name, rows === block.count || (optional.has(name) && rows === 0)]).toEqual([name, true])
  }
  expect(block.time.reduce((a, b) => Math.max(a, b), 0) - block.time.reduce((a, b) => Math.min(a, b), 0)).toBeLessThan(
    spanMax,
  )
  expect(block.instrument.every((index) => index < block.dictionary.length)).toBe(true)
  for (const { instrument, priceScale, quantityScale } of block.dictionary) {
    expect(instrument).toMatch(/^[A-Za-z0-9._-]{1,32}$/)
    expect(Number.isInteger(priceScale) && priceScale > 0).toBe(true)
    expect(Number.isInteger(quantityScale) && quantityScale > 0).toBe(true)
  }
}

function checkTicks(block: TickBlock): void {
  for (let i = 0; i < block.count; i++) {
    const good =
      block.kind[i] <= TickKind.bust &&
      block.side[i] <= 2 &&
      block.quantity[i] > 0 &&
      Number.isSafeInteger(block.quantity[i]) &&
      Number.isSafeInteger(block.buyId[i]) &&
      Number.isSafeInteger(block.sellId[i]) &&
      (block.price[i] > 0 || (block.price[i] === 0 && block.kind[i] !== TickKind.trade))
    if (!good) expect.fail(`row ${i} of sequence ${block.sequence[i]} is no event`)
  }
}

type Sums = Record<string, Record<string, TradeTotals>>

/** Reads a feed once, checks all that can be seen in passing, and answers its trade totals and its hash. */
async function readChecked(feed: Feed): Promise<{ sums: Sums; hash: string; dates: string[] }> {
  const sums: Sums = {}
  const hash = createHash('sha256')
  const dates: string[] = []
  await eachDay(feed, async (day) => {
    dates.push(day.date)
    const channels = new Map(day.channels.map((channel) => [channel.channel, channel]))
    expect(channels.size).toBe(day.channels.length)
    const sequences = new Map<string, number>()
    const totals = new Map<string, { amount: bigint; volume: bigint; trades: number }>()
    for await (const next of day.blocks()) {
      const block = blockOf(next)
      const channel = channels.get(block.channel)
      expect(channel?.kind).toBe('ticks' in next ? 'ticks' : 'books')
      checkColumns(block)
      if ('ticks' in next) {
        checkTicks(next.ticks)
        addTrades(next.ticks, totals)
      }
      sequences.set(
        block.channel,
        lastSequence(block, sequences.get(block.channel) ?? -1, channel?.contiguous === true),
      )
      hashBlock(hash, day.date, block)
    }
    sums[day.date] = Object.fromEntries(totals)
  })
  return { sums, hash: hash.digest('hex'), dates }
}

function lastSequence(block: Block, before: number, contiguous: boolean): number {
  let last = before
  for (const sequence of block.sequence) {
    const follows = contiguous && last >= 0 ? sequence === last + 1 : sequence > last
    if (!follows || !Number.isSafeInteger(sequence)) expect.fail(`sequence ${sequence} after ${last}`)
    last = sequence
  }
  return last
}

/** What every feed keeps: order within channels, valid dictionaries and columns, exact totals, the same bytes twice. */
export function feedContract(name: string, given: FeedCase): void {
  describe(`feed contract: ${name}`, () => {
    let read: Promise<{ sums: Sums; hash: string; dates: string[] }>
    beforeAll(() => {
      read = readChecked(given.feed())
      return read.then(
        () => undefined,
        () => undefined, // the first test says what is wrong
      )
    })

    it('gives its days in order, and in each channel rising sequences of valid events', async () => {
      const { dates } = await read
      expect(dates.length).toBeGreaterThan(0)
      expect(dates).toEqual([...new Set(dates)].sort())
    })

    it('adds up to what the exchange says', async () => {
      const { sums } = await read
      for (const [date, instruments] of Object.entries(given.totals)) {
        for (const [instrument, total] of Object.entries(instruments)) {
          expect([date, instrument, sums[date]?.[instrument]]).toEqual([date, instrument, total])
        }
      }
    })

    it('gives the same bytes when it is read again', async () => {
      expect(await digest(given.feed())).toBe((await read).hash)
    })
  })
}
