import type { ClosebellError } from '../../schemas/errors.ts'
import type { Bus } from '../ports/bus.ts'
import type { Clock } from '../ports/clock.ts'
import type { Feed, FeedDay } from '../ports/feed.ts'
import type { Log } from '../ports/log.ts'
import { Chain } from './feed/chain.ts'
import { openingOf } from './feed/day.ts'
import { Intake } from './feed/intake.ts'
import { Lane, Symbols } from './feed/lane.ts'
import type { OrderCounts } from './feed/order.ts'
import { Outbox } from './feed/outbox.ts'
import { Pace } from './feed/pace.ts'
import { newProgress, readProgress, type PartitionProgress } from './feed/resume.ts'

export type { OrderCounts }

export interface FeedOptions {
  readonly feed: Feed
  readonly bus: Bus
  readonly partitions: number
  /** Times real time, by event time; absent = as fast as possible. */
  readonly speed?: number
  readonly clock: Clock
  readonly log: Log
  /** Rows that a batch has at most; 4096 unless said. */
  readonly batchRows?: number
  readonly signal: AbortSignal
  /** Only these dates; absent = all that the input has. */
  readonly dates?: readonly string[]
}

/** What one start of the feed published of a date; what an earlier start had logged is not counted again. */
export interface FedDay {
  readonly date: string
  readonly events: number
  readonly messages: number
  /** Rows of the input that are no events. */
  readonly rejected: number
  /** Whether every chain has ended; false when the signal came first. */
  readonly ended: boolean
  readonly channels: Readonly<Record<string, OrderCounts>>
}

const minute = 60_000_000
const batchRowsDefault = 4096
/** Faults are all counted, but told one by one only up to here. */
const toldMax = 20

/**
 * Publishes the days of a feed to the market log: each channel in sequence order with monotone times, split by
 * partition, every chain promising at each exchange minute that it is past it. Opens a day that nobody has opened.
 * Started again, it reads its chains back from the log and goes on behind them.
 * @throws ClosebellError CB_CONFIG when topic or day have another number of partitions, CB_USAGE when the log is past a
 * date, CB_FEED_INPUT when a file cannot be read
 */
export async function publishFeed(options: FeedOptions): Promise<FedDay[]> {
  await options.bus.createTopics(options.partitions)
  const fed: FedDay[] = []
  for await (const day of options.feed.days()) {
    if (options.signal.aborted) break
    if (options.dates === undefined || options.dates.includes(day.date)) fed.push(await publishDay(options, day))
  }
  return fed
}

async function publishDay(options: FeedOptions, day: FeedDay): Promise<FedDay> {
  const { feed, bus, log } = options
  const progress = await Promise.all(
    Array.from({ length: options.partitions }, (_, partition) =>
      readProgress(bus, partition, day.date, feed.producer, options.signal),
    ),
  )
  let told = 0
  const tell = (error: ClosebellError): void => {
    if (told++ < toldMax) log.warn(error.message, { code: error.code, date: day.date })
  }
  const lanes = lanesOf(options, day, progress, tell)
  const outbox = new Outbox(bus)
  let rejected = 0
  let events = 0
  if (lanes.some((lane) => !lane.finished)) {
    await outbox.send(openingOf(day, feed.producer, progress, log))
    const blocks = day.blocks((error) => {
      rejected++
      tell(error)
    })
    const intake = new Intake(blocks, lanes)
    try {
      events = await publishMinutes(options, intake, lanes, outbox)
    } finally {
      await intake.close()
      await outbox.drained()
    }
  }
  const fed: FedDay = {
    date: day.date,
    events,
    messages: outbox.messages,
    rejected,
    ended: lanes.every((lane) => lane.finished),
    channels: Object.fromEntries(lanes.map(({ channel, order }) => [channel.channel, order.counts])),
  }
  log.info('day fed', { ...fed })
  return fed
}

function lanesOf(
  options: FeedOptions,
  day: FeedDay,
  progress: readonly PartitionProgress[],
  tell: (error: ClosebellError) => void,
): Lane[] {
  const symbols = new Symbols(options.partitions)
  return day.channels.map((channel) => {
    const chains = progress.map(
      ({ chains }, partition) =>
        new Chain(day.date, options.feed.producer, channel, partition, chains.get(channel.channel) ?? newProgress()),
    )
    return new Lane(channel, chains, symbols, options.batchRows ?? batchRowsDefault, tell)
  })
}

/**
 * Goes through the day by exchange minutes: what lies before a boundary, then every chain's mark at it.
 * Answers how many events it published.
 */
async function publishMinutes(
  options: FeedOptions,
  intake: Intake,
  lanes: readonly Lane[],
  outbox: Outbox,
): Promise<number> {
  let events = 0
  const pace = new Pace(options.clock, options.speed, options.signal)
  await intake.until((lane) => !Number.isNaN(lane.head))
  const first = Math.min(...lanes.map((lane) => lane.head))
  for (
    let boundary = (Math.floor(first / minute) + 1) * minute;
    lanes.some((lane) => lane.head !== Infinity);
    boundary += minute
  ) {
    await intake.until((lane) => lane.reaches(boundary))
    const full = lanes.flatMap((lane) => lane.advance(boundary)).sort((a, b) => a.time - b.time)
    const marks = lanes.flatMap((lane) => lane.flush(boundary))
    // What an earlier start has logged gives no message, so it is not waited for either.
    for (const due of [...full, ...marks]) {
      await pace.until(due.time)
      if (options.signal.aborted) return events
      await outbox.send([due.message])
      events += due.events
    }
    if (options.signal.aborted) return events
  }
  await outbox.send(lanes.flatMap((lane) => lane.finish()))
  return events
}
