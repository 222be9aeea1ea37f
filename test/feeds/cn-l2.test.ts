import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ClosebellError } from '../../schemas/errors.ts'
import { dayStart, cn } from '../../schemas/profiles/index.ts'
import { scaled, timeOfDay } from '../../src/feeds/cn-l2/decimal.ts'
import { cnL2Feed } from '../../src/feeds/cn-l2/index.ts'
import type { BookBlock, FeedDay, TickBlock } from '../../src/ports/feed.ts'
import { seed } from '../seed.ts'
import { headers, level2Folder, lines, smallDay, snapshot } from './level2-files.ts'

interface Read {
  days: FeedDay[]
  ticks: Record<string, TickBlock>
  books: Record<string, BookBlock>
  errors: ClosebellError[]
}

async function read(inputs: string[]): Promise<Read> {
  const out: Read = { days: [], ticks: {}, books: {}, errors: [] }
  for await (const day of cnL2Feed(inputs).days()) {
    out.days.push(day)
    for await (const block of day.blocks((error) => out.errors.push(error))) {
      if ('ticks' in block) out.ticks[block.ticks.channel] = block.ticks
      else out.books[block.books.channel] = block.books
    }
  }
  return out
}

const micros = (date: string, time: string): number => dayStart(cn, date) + timeOfDay(time)

describe('cn-l2 feed', () => {
  it('merges orders and trades of SSE by biz_index, with sides and auctions as the exchange states them', async () => {
    const { days, ticks } = await read([level2Folder(smallDay())])
    expect(days.map((day) => [day.date, day.profile])).toEqual([['2024-01-03', 'cn']])
    expect(days[0]?.channels.map(({ channel, contiguous }) => [channel, contiguous])).toEqual(
      ['sse-6', 'sse-books', 'szse-2013'].map((channel) => [channel, false]),
    )
    const sse = ticks['sse-6'] as TickBlock
    expect(sse.dictionary).toEqual([{ instrument: '600001.SH', priceScale: 1000, quantityScale: 1 }])
    expect([...sse.sequence]).toEqual([3, 5, 6, 7, 8, 9])
    expect([...sse.kind]).toEqual([2, 0, 0, 2, 2, 1])
    expect([...sse.side]).toEqual([0, 1, 2, 2, 1, 1])
    expect([...sse.flags]).toEqual([7, 0, 0, 6, 6, 0])
    expect([...sse.price]).toEqual([7400, 7400, 7412, 7400, 7412, 7400])
    expect([...sse.quantity]).toEqual([100, 300, 200, 200, 50, 100])
    expect([...sse.buyId]).toEqual([90, 101, 0, 101, 104, 101])
    expect([...sse.sellId]).toEqual([91, 0, 102, 103, 102, 0])
    expect(sse.baseTime + sse.time[4]).toBe(Date.parse('2024-01-03T01:30:02.500Z') * 1000)
  })

  it('takes SZSE cancels from the trade stream and leaves the active side open', async () => {
    const { ticks } = await read([level2Folder(smallDay())])
    const szse = ticks['szse-2013'] as TickBlock
    expect([...szse.kind]).toEqual([1, 2])
    expect([...szse.side]).toEqual([2, 0])
    expect([...szse.flags]).toEqual([0, 0])
    expect([...szse.price]).toEqual([0, 147_900])
    expect([...szse.buyId, ...szse.sellId]).toEqual([0, 22, 18, 24])
  })

  it('ranks snapshots by (time, instrument, row), also from one file of many symbols without counts', async () => {
    const header = `code,${headers.snapshots.replace('num_trades,', '')}`
    const row = (code: string, time: string, last: string): string =>
      `${code},${snapshot(time, 0, last, '2.5', '2.6').replace(',0,', ',')}`
    const folder = level2Folder({
      '2021-12-01/many/snapshots.csv.gz': lines(
        header,
        row('600103.SH', '09:30:00.000', '2.72'),
        row('600103.SH', '09:30:03.000', '2.73'),
        row('600100.SH', '09:30:00.000', '9.1'),
      ),
    })
    const { books } = await read([folder])
    const block = books['sse-books'] as BookBlock
    const names = [...block.instrument].map((index) => block.dictionary[index]?.instrument)
    expect(names).toEqual(['600100.SH', '600103.SH', '600103.SH'])
    expect([...block.sequence]).toEqual([1, 2, 3])
    expect([...block.last]).toEqual([9100, 2720, 2730])
    expect([...block.trades]).toEqual([NaN, NaN, NaN])
    expect([...block.amount]).toEqual([8_880_500, 8_880_500, 8_880_500])
    expect([...block.bidPrice.subarray(0, 3)]).toEqual([2500, 0, 0])
    expect([...block.askQuantity.subarray(0, 2)]).toEqual([500, 0])
  })

  it('reports broken rows with file and line (CB_FEED_INPUT) and reads on', async () => {
    const folder = level2Folder(smallDay())
    const path = join(folder, '2024-01-03/600001.SH/orders.csv')
    const broken = [
      '5,09:30:00.010,1,6,101,A,B,-7.4,300,09:30:00.5,1',
      '6,09:30:00.020,2,6,102,A,S,7.4123,200,09:30:00.5,2',
      '6,25:30:00.020,2,6,102,A,S,7.412,200,09:30:00.5,2',
      '6,09:30:00.020,2,6,102,X,S,7.412,200,09:30:00.5,2',
      '6,09:30:00.020,2,5,102,A,S,7.412,200,09:30:00.5,2',
      '6,09:30:00.020,2,6,102,A,S,7.412,0,09:30:00.5,2',
      '6,09:30:00.020,2',
    ]
    writeFileSync(path, lines(headers.sseOrders, '4,09:29:59.010,1,6,100,A,B,7.4,300,x,1', ...broken))
    const { ticks, errors } = await read([join(folder, '2024-01-03')])
    expect([...(ticks['sse-6'] as TickBlock).sequence]).toEqual([3, 4, 7, 8])
    expect(errors.map(({ code, fact }) => [code, fact.split(':')[1]])).toEqual(
      broken.map((_, i) => ['CB_FEED_INPUT', String(i + 3)]),
    )
    const unheard = async (): Promise<void> => {
      for await (const day of cnL2Feed([path]).days()) for await (const block of day.blocks()) void block
    }
    await expect(unheard()).rejects.toThrow(/CB_FEED_INPUT.*orders\.csv:3: price is '-7\.4'/)
  })

  it('refuses an unknown header, a truncated file, a file without a date and an absent one', async () => {
    const unknown = level2Folder({ '2024-01-03/600001.SH/orders.csv': 'a,b\n1,2\n' })
    await expect(read([unknown])).rejects.toThrow(/CB_FEED_INPUT.*none of the known headers/)
    const undated = level2Folder({ '600001.SH/orders.csv': lines(headers.sseOrders) })
    await expect(read([undated])).rejects.toThrow(/CB_FEED_INPUT.*no folder named YYYY-MM-DD/)
    await expect(read([join(undated, 'nothing')])).rejects.toThrow(/CB_ABSENT/)
    const cut = level2Folder(smallDay())
    const path = join(cut, '2024-01-03/600001.SH/trades.csv.gz')
    const { readFileSync } = await import('node:fs')
    const bytes = readFileSync(path)
    writeFileSync(path, bytes.subarray(0, bytes.length - 20))
    await expect(read([cut])).rejects.toThrow(/CB_FEED_INPUT.*cannot be read/)
  })

  it('changes nothing but the ids when all order ids are renumbered in order', async () => {
    const before = (await read([level2Folder(smallDay())])).ticks['sse-6'] as TickBlock
    const renumber = (text: string): string => text.replace(/\b(9[01]|10[1-4])\b/g, (id) => String(Number(id) * 10 + 7))
    const after = (await read([level2Folder(smallDay(renumber))])).ticks['sse-6'] as TickBlock
    const { buyId, sellId, ...rest } = after
    expect([...buyId]).toEqual([...before.buyId].map((id) => (id === 0 ? 0 : id * 10 + 7)))
    expect([...sellId]).toEqual([...before.sellId].map((id) => (id === 0 ? 0 : id * 10 + 7)))
    expect({ ...rest, buyId: before.buyId, sellId: before.sellId }).toEqual(before)
  })

  it('changes one price when one trade’s price changes', async () => {
    const before = (await read([level2Folder(smallDay())])).ticks['sse-6'] as TickBlock
    const raise = (text: string): string => text.replace('6,7.412,50,', '6,7.413,50,')
    const after = (await read([level2Folder(smallDay(raise))])).ticks['sse-6'] as TickBlock
    expect([...after.price].map((price, i) => price - before.price[i])).toEqual([0, 0, 0, 0, 1, 0])
    expect({ ...after, price: before.price }).toEqual(before)
  })

  it('reads decimals exactly', () => {
    expect(scaled('6244678924.61', 3)).toBe(6_244_678_924_610)
    expect(scaled('1.005', 2)).toBeNaN()
    expect([scaled('1.00500', 3), scaled('12', 4), scaled('0.1', 1)]).toEqual([1005, 120_000, 1])
    for (const text of ['', '.5', '-1', '1e3', '1.2.3', ' 1', '99999999999999999']) expect(scaled(text, 3)).toBeNaN()
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), fc.integer({ min: 0, max: 6 }), (value, places) => {
        const digits = String(value).padStart(places + 1, '0')
        const cut = digits.length - places
        return scaled(places === 0 ? digits : `${digits.slice(0, cut)}.${digits.slice(cut)}`, places) === value
      }),
      { seed },
    )
  })

  it('reads times of day in µs and refuses others', () => {
    expect(micros('2023-02-01', '09:30:00.5')).toBe(Date.parse('2023-02-01T01:30:00.500Z') * 1000)
    for (const text of ['24:00:00', '9:30:00', '09:60:00', '09:30', '']) expect(timeOfDay(text)).toBeNaN()
  })
})
