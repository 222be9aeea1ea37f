import { ClosebellError } from '../../../schemas/errors.ts'
import type { ChainName, DayOpened } from '../../../schemas/market.ts'
import type { Bus, Outgoing } from '../../ports/bus.ts'
import type { Log } from '../../ports/log.ts'
import type { Store } from '../../ports/store.ts'
import { codecs, kindOf, sha256 } from '../../wire/index.ts'
import { partitionOf } from '../../wire/partition.ts'
import { MarketHistory } from '../history/market-history.ts'
import { Sink } from '../sink/sink-worker.ts'
import { prepareOpening, type OpeningSettings } from './open-day.ts'
import { referenceEntries } from './reference.ts'

export interface OpenOptions extends OpeningSettings {
  readonly bus: Bus
  readonly store: Store
  readonly log: Log
  readonly date: string
  /** Chains that are expected; without them those of the last day that was opened. */
  readonly chains?: readonly ChainName[]
  /** Kept between days by a backfill. */
  readonly history?: MarketHistory
}

export interface OpenSummary {
  readonly date: string
  readonly universe: number
  readonly inputs: readonly string[]
  /** Whether this run opened the day; false when it was open already. */
  readonly opened: boolean
}

/**
 * The morning job: sees to it that the store has the days before, writes graphs, exposures and fundamentals of the day
 * before to `inputs`, then DayOpened and Reference to every partition of `market` where nobody has.
 */
export async function openDay(options: OpenOptions): Promise<OpenSummary> {
  const { bus, store, date, profile } = options
  await store.applied()
  await new Sink(bus, store, 'live').catchUp(date)
  const history = options.history ?? (await MarketHistory.before(store, profile, date))
  const { listings, inputs } = await prepareOpening(store, history, date, options)
  const messages = inputs.map((input): Outgoing => ({
    partition: 0,
    date,
    key: input.id,
    value: codecs.input.encode(input),
  }))
  if (messages.length > 0) await bus.publish('inputs', messages)
  const opened = await openPartitions(
    options,
    history,
    listings.map((listing) => listing.instrument),
  )
  return { date, universe: listings.length, inputs: inputs.map((input) => input.id), opened }
}

async function openPartitions(
  options: OpenOptions,
  history: MarketHistory,
  universe: readonly string[],
): Promise<boolean> {
  const { bus, date, profile } = options
  const partitions = await bus.partitions('market')
  const unopened = new Map<number, Opened>()
  let last: DayOpened | null = null
  for (let partition = 0; partition < partitions; partition++) {
    const found = await openedBy(bus, partition, date)
    if (found !== 'referenced') unopened.set(partition, found)
  }
  if (unopened.size === 0) return false
  if (options.chains === undefined) last = await lastOpened(bus)
  const chains = options.chains ?? last?.chains
  if (chains === undefined) {
    options.log.info('no earlier day tells which chains to expect: the feed opens the day', { date })
    return false
  }
  const entries = referenceEntries(history.upTo(date), history.listings.on(date))
  const universeHash = sha256(universe.join('\n'))
  for (const [partition, found] of unopened) {
    const instruments = entries.filter((entry) => partitionOf(entry.instrument, partitions) === partition)
    const opened = { date, profile, partitions, partition, chains: [...chains], universeHash }
    const reference = codecs.reference.encode({ date, partition, instruments })
    const values = found === 'opened' ? [reference] : [codecs.dayOpened.encode(opened), reference]
    await bus.publish(
      'market',
      values.map((value) => ({ partition, date, key: 'session', value })),
    )
  }
  return true
}

/** How far a partition's day is opened: whoever opened it may have died between its two records. */
type Opened = 'no' | 'opened' | 'referenced'

async function openedBy(bus: Bus, partition: number, date: string): Promise<Opened> {
  const from = await bus.offsetOfDate('market', partition, date)
  if ((await bus.offsets('market', partition)).next === from) return 'no'
  let opened: Opened = 'no'
  for await (const messages of bus.read('market', partition, { from, until: 'end' })) {
    for (const message of messages) {
      if (message.date > date) {
        throw new ClosebellError('CB_USAGE', `the log is at ${message.date} already, behind ${date}`)
      }
      const kind = kindOf(message.value)
      if (kind === 'dayOpened') opened = 'opened'
      if (kind === 'reference' && opened === 'opened') return 'referenced'
    }
  }
  return opened
}

/** The newest DayOpened of partition 0: its chains are expected again. */
async function lastOpened(bus: Bus): Promise<DayOpened | null> {
  const { first, next } = await bus.offsets('market', 0)
  if (first === next) return null
  let lastDate = ''
  for await (const messages of bus.read('market', 0, { from: next - 1, until: 'end' }))
    lastDate = messages.at(-1)?.date ?? lastDate
  const from = await bus.offsetOfDate('market', 0, lastDate)
  for await (const messages of bus.read('market', 0, { from, until: 'end' })) {
    for (const message of messages)
      if (kindOf(message.value) === 'dayOpened') return codecs.dayOpened.decode(message.value)
  }
  return null
}
