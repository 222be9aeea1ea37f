import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
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

async function digest(feed: Feed): Promise<string> {
  const hash = createHash('sha256')
  await eachDay(feed, async (day) => {
    for await (const next of day.blocks()) {
      const block = blockOf(next)
      hash.update(JSON.stringify([day.date, block.channel, block.baseTime, block.dictionary]))
      for (const [, { buffer, byteOffset, byteLength }] of columnsOf(block)) {
        hash.update(new Uint8Array(buffer, byteOffset, byteLength))
      }
    }
  })
  return hash.digest('hex')
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

/** What every feed keeps: order within channels, valid dictionaries and columns, exact totals, the same bytes twice. */
export function feedContract(name: string, given: FeedCase): void {
  describe(`feed contract: ${name}`, () => {
    it('gives its days in order, and in each channel rising sequences of valid events', async () => {
      let before = ''
      await eachDay(given.feed(), async (day) => {
        expect(day.date > before).toBe(true)
        before = day.date
        const kinds = new Map(day.channels.map((channel) => [channel.channel, channel]))
        expect(kinds.size).toBe(day.channels.length)
        const sequences = new Map<string, number>()
        for await (const next of day.blocks()) {
          const block = blockOf(next)
          const channel = kinds.get(block.channel)
          expect(channel?.kind).toBe('ticks' in next ? 'ticks' : 'books')
          checkColumns(block)
          if ('ticks' in next) checkTicks(next.ticks)
          let last = sequences.get(block.channel) ?? -1
          for (const sequence of block.sequence) {
            if (!(sequence > last) || !Number.isSafeInteger(sequence)) expect.fail(`${sequence} after ${last}`)
            if (channel?.contiguous === true && last >= 0) expect(sequence).toBe(last + 1)
            last = sequence
          }
          sequences.set(block.channel, last)
        }
      })
      expect(before).not.toBe('')
    })

    it('adds up to what the exchange says', async () => {
      const seen: Record<string, Record<string, TradeTotals>> = {}
      await eachDay(given.feed(), async (day) => {
        const totals = new Map<string, { amount: bigint; volume: bigint; trades: number }>()
        for await (const next of day.blocks()) if ('ticks' in next) addTrades(next.ticks, totals)
        seen[day.date] = Object.fromEntries(totals)
      })
      for (const [date, instruments] of Object.entries(given.totals)) {
        for (const [instrument, total] of Object.entries(instruments)) {
          expect([date, instrument, seen[date]?.[instrument]]).toEqual([date, instrument, total])
        }
      }
    })

    it('gives the same bytes when it is read again', async () => {
      expect(await digest(given.feed())).toBe(await digest(given.feed()))
    })
  })
}
