import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openKafka } from '../../src/bus/kafka/index.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import { cnL2Feed } from '../../src/feeds/cn-l2/index.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { simulateMarket } from '../../src/simulator/market.ts'
import { Random } from '../../src/simulator/random.ts'
import { publishFeed } from '../../src/workers/feed.ts'
import { level2Folder } from '../feeds/level2-files.ts'
import { level2Files, type Level2Options } from '../feeds/simulated-level2.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { withServices } from '../services/real-services.ts'
import { silentLog } from '../silent-log.ts'
import { dayValues } from '../streams/reduce.ts'
import { featuresOf, loggedBits, loggedOutputs, messagesOf } from './logged-rows.ts'

// Goal: what a real day shows of the Level-2 feed holds also where no real data lies beside the repository. Method: a
// simulated day written in the vendor's files, both exchanges' ways, goes through the same feed and worker.

const services = await withServices('kafka')
const random = new Random(seed, 131)
const market = simulateMarket({ seed, instruments: 8, days: 1, eventsPerDay: 900, earlierDays: 12 })
const date = market.dates[0]
const folders: string[] = []
let folder = ''
let whole = ''
let expected = new Map<string, string>()

async function written(options: Level2Options = {}): Promise<string> {
  const level2 = level2Folder(await level2Files(market, options))
  folders.push(level2)
  return level2
}

const feed = (bus: Bus, level2: string, partitions: number) =>
  publishFeed({
    feed: cnL2Feed([level2]),
    bus,
    partitions,
    clock: realClock,
    log: silentLog,
    signal: new AbortController().signal,
  })

/** Bits of all rows of a day of files, through a tape of so many partitions. */
async function bitsOf(level2: string, partitions: number, state?: string): Promise<Map<string, string>> {
  const bus = openTape(mkdtempSync(join(folder, 'tape-')), { clock: realClock })
  try {
    const fed = await feed(bus, level2, partitions)
    expect(fed).toMatchObject([{ date, rejected: 0, ended: true }])
    await featuresOf(bus, state === undefined ? {} : { state, snapshotIntervalMs: 0 }).run()
    expect(await messagesOf(bus, 'quarantine')).toEqual([])
    return await loggedBits(bus)
  } finally {
    await bus.close()
  }
}

const instrumentsOf = (keys: Iterable<string>): string[] => [...new Set([...keys].map((key) => key.split(' ')[0]))]

/** Keys of rows whose bits differ. */
const differing = (bits: Map<string, string>): string[] => {
  expect([...bits.keys()]).toEqual([...expected.keys()])
  return [...bits].filter(([key, value]) => expected.get(key) !== value).map(([key]) => key)
}

describe('a simulated day in the files of a vendor', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'closebell-simulated-level2-'))
    whole = await written()
    expected = await bitsOf(whole, 4)
  })
  afterAll(() => {
    for (const each of [folder, ...folders]) rmSync(each, { recursive: true, force: true })
  })

  it('has names of both exchanges, and day rows that add up to the trades of the files to the cent', async () => {
    const bus = openTape(join(folder, 'sums'), { clock: realClock })
    await feed(bus, whole, 2)
    await featuresOf(bus).run()
    const outputs = await loggedOutputs(bus)
    await bus.close()
    const names = instrumentsOf(expected.keys())
    expect(new Set(names.map((name) => name.slice(-2)))).toEqual(new Set(['SH', 'SZ']))
    for (const name of names) {
      const { amount, volume, trades } = dayValues(outputs, name)
      const prints = tradesOf(whole, name)
      expect(prints.length).toBeGreaterThan(50)
      const sum = (of: (print: Traded) => number): number => prints.reduce((total, print) => total + of(print), 0)
      const cents = sum(({ price, quantity }) => Math.round(price * 100) * quantity)
      expect([name, trades, volume, Math.round(amount * 100)]).toEqual([
        name,
        prints.length,
        sum(({ quantity }) => quantity),
        cents,
      ])
    }
  })

  it('gives the same bits when all order ids are renumbered in order', async () => {
    const factor = 2 + random.below(9)
    const shift = random.below(1000)
    expect(differing(await bitsOf(await written({ idOf: (id) => id * factor + shift }), 4))).toEqual([])
  })

  it.each(['SH', 'SZ'])('changes rows of that instrument alone when one trade of %s changes', async (exchange) => {
    const names = instrumentsOf(expected.keys()).filter((name) => name.endsWith(exchange))
    const changed = names[random.below(names.length)]
    const count = tradesOf(whole, changed).length
    const rank = random.below(count)
    const level2 = await written({
      printOf: (print) =>
        print.instrument === changed && print.rank === rank ? { ...print, quantity: print.quantity + 100 } : print,
    })
    expect(instrumentsOf(differing(await bitsOf(level2, 4)))).toEqual([changed])
  })

  it.each([1, 7])('gives the same bits in %i partitions', async (partitions) => {
    expect(differing(await bitsOf(whole, partitions))).toEqual([])
  })

  it('gives the same bits with a snapshot behind every batch', async () => {
    expect(differing(await bitsOf(whole, 4, join(folder, 'state')))).toEqual([])
  })

  it('gives the same bits whichever way the files lie: one by one, and in another folder', async () => {
    const moved = join(folder, 'moved', date)
    cpSync(join(whole, date), moved, { recursive: true })
    expect(differing(await bitsOf(moved, 3))).toEqual([])
  })

  it.skipIf(services === null)('gives the same bits from three workers over Kafka, 7 partitions', async () => {
    const brokers = [`${services?.kafka.host}:${services?.kafka.port}`]
    const prefix = `simulated-level2-${process.pid}`
    const buses = [0, 1, 2].map(() =>
      openKafka({ brokers, prefix, clientId: 'simulated-level2', log: silentLog, clock: realClock }),
    )
    await feed(buses[0], whole, 7)
    await Promise.all(buses.map((bus) => featuresOf(bus).run()))
    expect(differing(await loggedBits(buses[0]))).toEqual([])
    await Promise.all(buses.map((bus) => bus.close()))
  })
})

interface Traded {
  readonly price: number
  readonly quantity: number
}

/** Fills in an instrument's file of trades. */
function tradesOf(level2: string, instrument: string): Traded[] {
  const text = gunzipSync(readFileSync(join(level2, date, instrument, 'trades.csv.gz'))).toString()
  const [header, ...rows] = text
    .trim()
    .split('\n')
    .map((line) => line.split(','))
  const at = (name: string): number => header.indexOf(name)
  return rows
    .filter((row) => at('exec_type') < 0 || row[at('exec_type')] === 'F')
    .map((row) => ({ price: Number(row[at('price')]), quantity: Number(row[at('qty')]) }))
}
