import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Kafka, AssignerProtocol, logLevel } from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { FlowSizing } from '../../schemas/rows.ts'
import { openKafka } from '../../src/bus/kafka/index.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import { asObjects, storedRows } from '../../src/cli/stored-rows.ts'
import { cnL2Feed } from '../../src/feeds/cn-l2/index.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { partitionOf } from '../../src/wire/partition.ts'
import { publishFeed } from '../../src/workers/feed.ts'
import { Sink } from '../../src/workers/sink/sink-worker.ts'
import { build, closebell, ended, start } from '../cli/run-closebell.ts'
import { realClock } from '../real-clock.ts'
import { withServices } from '../services/real-services.ts'
import { silentLog } from '../silent-log.ts'
import { featuresOf, loggedBits, messagesOf, repeats } from './logged-rows.ts'
import { date, expectRealFigures, type Row } from './real-figures.ts'

const level2 = resolve(import.meta.dirname, '../../../shared/data/cn-l2')
const isThere = existsSync(level2)
if (!isThere) console.info('skipped: the Level-2 files of a real day are not beside the repository')
const services = isThere ? await withServices('kafka', 'questdb') : null

const deadlines = { timeout: 120_000, interval: 50 }
const partition = partitionOf('600519.SH', 4)
let folder = ''
/** Rows and bits of the tape in sizing `order`: what every other way has to give too. */
let expectedRows: readonly Row[] = []
let expectedBits = new Map<string, string>()

const feed = (bus: Bus, partitions: number) =>
  publishFeed({
    feed: cnL2Feed([level2]),
    bus,
    partitions,
    dates: [date],
    clock: realClock,
    log: silentLog,
    signal: new AbortController().signal,
  })

async function duckdbRows(bus: Bus, file: string): Promise<Row[]> {
  const store = await openDuckdb(file)
  try {
    await store.ensureTables()
    await new Sink(bus, store, 'live').drain(date)
    return asObjects(await storedRows(store, { subject: 'features', dates: { from: date, to: date } }))
  } finally {
    await store.close()
  }
}

/** Works the fed tape off in one sizing, in a copy of its own: the rows in the store and their bits on the bus. */
async function tapeRows(sizing: FlowSizing, state?: string): Promise<{ rows: Row[]; bits: Map<string, string> }> {
  const copy = join(folder, `tape-${sizing}${state === undefined ? '' : '-state'}`)
  cpSync(join(folder, 'tape'), copy, { recursive: true })
  const bus = openTape(copy, { clock: realClock })
  try {
    await featuresOf(bus, { sizing, ...(state === undefined ? {} : { state, snapshotIntervalMs: 20 }) }).run()
    return { rows: await duckdbRows(bus, `${copy}.duckdb`), bits: await loggedBits(bus) }
  } finally {
    await bus.close()
  }
}

/** The process that owns a partition of the market topic in the group of the features workers. */
async function ownerOf(broker: string, prefix: string, members: number): Promise<number> {
  const admin = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    const { groups } = await admin.describeGroups([`${prefix}.features`])
    if (groups[0]?.members.length !== members) return -1
    const owner = groups[0].members.find(({ memberAssignment }) => {
      const assigned = AssignerProtocol.MemberAssignment.decode(memberAssignment)
      return Object.values(assigned?.assignment ?? {}).some((owned) => owned.includes(partition))
    })
    return owner === undefined ? -1 : Number(owner.clientId.split('-').at(-1))
  } finally {
    await admin.disconnect()
  }
}

describe.skipIf(!isThere)('a real trading day from a tape into DuckDB', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'closebell-real-day-'))
    const bus = openTape(join(folder, 'tape'), { clock: realClock })
    await feed(bus, 4)
    await bus.close()
    await build()
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(['filled', 'order', 'trade'] as const)('gives every figure to the cent in sizing %s', async (sizing) => {
    const { rows, bits } = await tapeRows(sizing)
    expectRealFigures(rows, sizing)
    if (sizing !== 'order') return
    expectedRows = rows
    expectedBits = bits
  })

  it('gives the same bits with snapshots', async () => {
    expect((await tapeRows('order', join(folder, 'state'))).bits).toEqual(expectedBits)
  })

  it('gives the same bits in 7 partitions', async () => {
    const bus = openTape(join(folder, 'seven'), { clock: realClock })
    await feed(bus, 7)
    await featuresOf(bus).run()
    expect(await loggedBits(bus)).toEqual(expectedBits)
    await bus.close()
  })

  describe.skipIf(services === null)('and over real Kafka into real QuestDB', () => {
    const broker = `${services?.kafka.host}:${services?.kafka.port}`
    const open = (prefix: string): Bus =>
      openKafka({ brokers: [broker], prefix, clientId: 'real-day', log: silentLog, clock: realClock })

    it('with two workers, the one at work killed and started again: the same rows', { timeout: 300_000 }, async () => {
      const prefix = `real-day-${process.pid}`
      const url = `kafka://${broker}/${prefix}`
      const bus = open(prefix)
      await bus.createTopics(4)
      const worker = (name: string) =>
        start(
          // prettier-ignore
          ['features', '--bus', url, '--state', join(folder, name), '--until-close', '--snapshot-seconds', '0.5',
            '--log-level', 'warn'],
          { cwd: folder },
        )
      // The first record tells the workers which day is meant; the feed then comes at its own pace.
      const feeding = closebell(
        ['feed', 'cn-l2', level2, '--date', date, '--bus', url, '--partitions', '4', '--speed', '1200'],
        { cwd: folder },
      )
      const workers = new Map(['one', 'two'].map((name) => [name, worker(name)]))
      const endings = new Map([...workers].map(([name, child]) => [name, ended(child)]))
      await expect.poll(async () => (await bus.offsets('minutes', partition)).next, deadlines).toBeGreaterThan(0)
      let owner = -1
      await expect.poll(async () => (owner = await ownerOf(broker, prefix, 2)), deadlines).toBeGreaterThan(0)
      const [killed] = [...workers].find(([, child]) => child.pid === owner) as [string, unknown]
      const state = join(folder, killed)
      await expect.poll(() => existsSync(state) && readdirSync(state).length > 0, deadlines).toBe(true)
      process.kill(owner, 'SIGKILL')
      expect((await bus.offsets('days', partition)).next, 'PartitionClosed still to come').toBe(0)
      await endings.get(killed)
      endings.set(killed, ended(worker(killed)))
      expect(await feeding).toMatchObject({ code: 0 })
      for (const ending of endings.values()) expect(await ending).toMatchObject({ code: 0 })

      expect(await loggedBits(bus)).toEqual(expectedBits)
      for (const topic of ['minutes', 'days'] as const) expect((await repeats(bus, topic)).differing).toEqual([])
      expect(await messagesOf(bus, 'quarantine')).toEqual([])
      const { host, port } = services?.questdb ?? { host: '', port: 0 }
      const store = `questdb://${host}:${port}/real_day_${process.pid}`
      const sunk = await closebell(['sink', '--from', date, '--bus', url, '--store', store], { cwd: folder })
      expect(sunk).toMatchObject({ code: 0 })
      const shown = await closebell(['show', 'features', '--date', date, '--store', store, '--json'], { cwd: folder })
      const rows = JSON.parse(shown.stdout) as Row[]
      expectRealFigures(rows, 'order')
      expect(rows).toEqual(JSON.parse(JSON.stringify(expectedRows)))
      await bus.close()
    })

    it('with three workers and 7 partitions, without snapshots: the same rows', { timeout: 120_000 }, async () => {
      const prefix = `real-day-7-${process.pid}`
      const buses = [0, 1, 2].map(() => open(prefix))
      await feed(buses[0], 7)
      await Promise.all(buses.map((bus) => featuresOf(bus).run()))
      expect(await loggedBits(buses[0])).toEqual(expectedBits)
      await Promise.all(buses.map((bus) => bus.close()))
    })
  })
})
