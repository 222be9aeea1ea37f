import { existsSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { TickKind } from '../../schemas/market.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import { cnL2Feed } from '../../src/feeds/cn-l2/index.ts'
import type { Bus, Logged } from '../../src/ports/bus.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { decode } from '../../src/wire/index.ts'
import { simulateMarket } from '../../src/simulator/market.ts'
import { publishFeed } from '../../src/workers/feed.ts'
import { seed } from '../seed.ts'
import { level2Folder, smallDay } from './level2-files.ts'
import { verifiedEvents } from './market-log.ts'
import { MemoryBus } from './memory-bus.ts'

const clock: Clock = { now: () => 0, elapsed: () => 0, sleep: () => Promise.resolve() }
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const signal = new AbortController().signal

async function wholeLog(bus: Bus): Promise<Logged[][]> {
  const partitions = Array.from({ length: await bus.partitions('market') }, (_, partition) => partition)
  return Promise.all(
    partitions.map(async (partition) => {
      const messages: Logged[] = []
      for await (const part of bus.read('market', partition, { from: 0, until: 'end' })) messages.push(...part)
      return messages
    }),
  )
}

/** Traded amount (in integers of the price scale), shares and trades by instrument, from the log alone. */
function tradeTotals(messages: readonly Logged[]): Record<string, [bigint, bigint, number]> {
  const totals: Record<string, [bigint, bigint, number]> = {}
  for (const { value } of messages) {
    const decoded = decode(value)
    if (decoded.kind !== 'tickBatch') continue
    const batch = decoded.value
    for (let i = 0; i < batch.count; i++) {
      if (batch.kind[i] !== TickKind.trade) continue
      const total = (totals[batch.dictionary[batch.instrument[i]].instrument] ??= [0n, 0n, 0])
      total[0] += BigInt(batch.price[i]) * BigInt(batch.quantity[i])
      total[1] += BigInt(batch.quantity[i])
      total[2]++
    }
  }
  return totals
}

describe('feeds on the market log', () => {
  it('puts Level-2 files on a tape as in memory, message for message', async () => {
    const inputs = [level2Folder(smallDay())]
    const memory = new MemoryBus()
    await publishFeed({ feed: cnL2Feed(inputs), bus: memory, partitions: 4, clock, log, signal })
    const tape = openTape(mkdtempSync(join(tmpdir(), 'closebell-tape-')), { clock })
    await publishFeed({ feed: cnL2Feed(inputs), bus: tape, partitions: 4, clock, log, signal })
    const logged = await wholeLog(tape)
    await tape.close()
    expect(verifiedEvents(logged, '2024-01-03')).toHaveLength(10)
    const bytes = (messages: readonly Logged[]): string[] =>
      messages.map(({ key, value }) => `${key} ${Buffer.from(value).toString('hex')}`)
    expect(logged.map(bytes)).toEqual(memory.log.map(bytes))
  })

  it('logs a simulated market of two days without a fault, in date order', async () => {
    const bus = new MemoryBus()
    const feed = simulateMarket({ seed, instruments: 10, days: 2, earlierDays: 60 })
    const fed = await publishFeed({ feed, bus, partitions: 3, clock, log, signal })
    for (const { date, events, ended, channels } of fed) {
      expect(ended).toBe(true)
      expect(verifiedEvents(bus.log, date)).toHaveLength(events)
      for (const counts of Object.values(channels))
        expect(Object.values(counts).every((count) => count === 0)).toBe(true)
    }
    const dates = bus.log.map((messages) => [...new Set(messages.map(({ date }) => date))])
    expect(dates).toEqual(bus.log.map(() => fed.map(({ date }) => date)))
  })

  const folder = resolve(import.meta.dirname, '../../../shared/data/cn-l2/2023-02-01')
  const absent = existsSync(folder) ? '' : ' (skipped: the market data folder is absent)'
  it.skipIf(absent !== '')(
    `keeps the exchange's totals of 2023-02-01, also when killed half way${absent}`,
    async () => {
      const bus = new MemoryBus()
      const feed = cnL2Feed([folder])
      bus.failAfter = 3000
      await expect(publishFeed({ feed, bus, partitions: 4, clock, log, signal })).rejects.toThrow(
        'the broker went away',
      )
      bus.failAfter = Infinity
      const [fed] = await publishFeed({ feed, bus, partitions: 4, clock, log, signal })
      expect(fed).toMatchObject({ ended: true, rejected: 0 })
      expect(verifiedEvents(bus.log, '2023-02-01')).toHaveLength(273_673)
      expect(tradeTotals(bus.log.flat())).toEqual({
        '600519.SH': [6_244_678_924_610n, 3_397_389n, 27_135],
        '600000.SH': [137_294_549_420n, 18_659_542n, 14_872],
        '000001.SZ': [24_264_719_725_200n, 165_342_148n, 133_815],
      })
    },
  )
})
