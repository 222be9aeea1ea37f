import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { topicPath } from '../../schemas/topics.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import { systemClock } from '../../src/compose/clock.ts'
import type { Log } from '../../src/ports/log.ts'
import type { Feed } from '../../src/ports/feed.ts'
import { simulateMarket } from '../../src/simulator/market.ts'
import { completeOptions, simulatedDates } from '../../src/simulator/options.ts'
import { FeaturesWorker } from '../../src/workers/features/features-worker.ts'
import { publishFeed } from '../../src/workers/feed.ts'
import { costOf, machine, median, say, type Cost } from './measure.ts'
import { rawLoop, readColumns } from './raw-loop.ts'

/** Half of the names are listed in Shenzhen, whose stream shows every order, trade and cancel: about 66 : 44 : 15. */
const shape = { seed: 20260101, instruments: 1000, days: 1, eventsPerDay: 4000, earlierDays: 25, bookSeconds: 60 }
const partitionCounts = [1, 4]
/** The first round warms the compiler up and is told apart. */
const rounds = 5

const nothing = (): void => undefined
const log: Log = { debug: nothing, info: nothing, warn: (message) => say(message), error: (message) => say(message) }

interface WorkerRound extends Cost {
  readonly events: number
  readonly rows: number
  readonly bytes: number
  readonly sha256: string
}

/** The Shenzhen half of a market. */
function shenzhenOf(market: Feed): Feed {
  const isShenzhen = ({ channel }: { readonly channel: string }): boolean => channel.startsWith('SZSE')
  return {
    producer: market.producer,
    async *days() {
      for await (const day of market.days()) {
        yield {
          ...day,
          channels: day.channels.filter(isShenzhen),
          reference: () => (day.reference?.() ?? []).filter(({ instrument }) => instrument.endsWith('.SZ')),
          async *blocks(report) {
            for await (const block of day.blocks(report)) {
              if (isShenzhen('ticks' in block ? block.ticks : block.books)) yield block
            }
          },
        }
      }
    },
  }
}

/** Writes the market to a tape. @returns its date */
async function writeMarket(folder: string, partitions: number): Promise<string> {
  const market = shenzhenOf(simulateMarket(shape))
  const bus = openTape(folder, { clock: systemClock })
  await publishFeed({ feed: market, bus, partitions, clock: systemClock, log, signal: new AbortController().signal })
  await bus.close()
  return simulatedDates(completeOptions(shape)).days[0]
}

/** One features worker reads the market tape and publishes to a tape that is new in every round. */
async function workerRound(market: string, out: string, partitions: number, date: string): Promise<WorkerRound> {
  mkdirSync(out, { recursive: true })
  symlinkSync(join(market, topicPath('market')), join(out, topicPath('market')))
  const bus = openTape(out, { clock: systemClock })
  await bus.createTopics(partitions)
  const worker = new FeaturesWorker({
    bus,
    clock: systemClock,
    log,
    profile: 'cn',
    sizing: 'order',
    snapshotIntervalMs: Number.POSITIVE_INFINITY,
    end: 'until-close',
    date,
    minuteRows: true,
  })
  const { result, ...cost } = await costOf(() => worker.run())
  const hash = createHash('sha256')
  let bytes = 0
  for (const topic of ['minutes', 'days'] as const) {
    for (let partition = 0; partition < partitions; partition++) {
      for await (const messages of bus.read(topic, partition, { from: 0, until: 'end' })) {
        for (const { value } of messages) {
          hash.update(value)
          bytes += value.byteLength
        }
      }
    }
  }
  await bus.close()
  rmSync(out, { recursive: true })
  return { ...cost, events: result.events, rows: result.rows, bytes, sha256: hash.digest('hex') }
}

const perSecond = (events: number, seconds: number): number => Math.round(events / seconds)

function workerFigures(partitions: number, all: readonly WorkerRound[], rawSeconds: number) {
  const [first, ...timed] = all
  const seconds = median(timed.map((round) => round.seconds))
  const cpuSeconds = median(timed.map((round) => round.cpuSeconds))
  return {
    partitions,
    events: first.events,
    seconds,
    cpu_seconds: cpuSeconds,
    events_per_second: perSecond(first.events, seconds),
    events_per_cpu_second: perSecond(first.events, cpuSeconds),
    first_round_seconds: first.seconds,
    rows: first.rows,
    bytes: first.bytes,
    ratio_to_raw_loop: cpuSeconds / rawSeconds,
    rows_sha256: first.sha256,
    identical_in_all_rounds: all.every(({ sha256 }) => sha256 === first.sha256),
  }
}

/** The figures of the line: what one features worker makes of a simulated day, beside a raw loop over its columns. */
export async function line(): Promise<object> {
  const root = mkdtempSync(join(tmpdir(), 'closebell-bench-'))
  try {
    const marketOf = (partitions: number): string => join(root, `market-${partitions}`)
    let date = ''
    for (const partitions of partitionCounts) {
      say(`writing ${shape.instruments} instruments to ${partitions} partitions`)
      date = await writeMarket(marketOf(partitions), partitions)
    }
    const columns = await readColumns(marketOf(partitionCounts[0]))
    const raw: Cost[] = []
    const worker = partitionCounts.map((): WorkerRound[] => [])
    for (let round = 0; round < rounds; round++) {
      raw.push(await costOf(() => rawLoop(columns)))
      for (const [i, partitions] of partitionCounts.entries()) {
        const done = await workerRound(marketOf(partitions), join(root, 'out'), partitions, date)
        worker[i].push(done)
        const rate = perSecond(done.events, done.seconds)
        const cpuRate = perSecond(done.events, done.cpuSeconds)
        say(`round ${round}, P = ${partitions}: ${rate} events/s, ${cpuRate} per CPU second`)
      }
    }
    const rawSeconds = median(raw.slice(1).map(({ cpuSeconds }) => cpuSeconds))
    const { events } = columns
    return {
      bench: 'line',
      machine: machine(),
      rounds: rounds - 1,
      market: { ...shape, instruments: shape.instruments / 2, ...events },
      emitted_to: 'tape',
      raw_loop: { cpu_seconds: rawSeconds, events_per_cpu_second: perSecond(worker[0][0].events, rawSeconds) },
      worker: partitionCounts.map((partitions, i) => workerFigures(partitions, worker[i], rawSeconds)),
    }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
