import type { DayOpened, DictionaryEntry } from '../../schemas/market.ts'
import { Accumulators } from '../accumulators.ts'
import { OrderTable } from '../book/order-table.ts'
import { openSession } from '../market/session.ts'
import type { PendingBatch } from './events.ts'
import { Merge } from './merge.ts'
import { PartitionDay, type DaySettings } from './partition-day.ts'
import { Reducer } from './reducer.ts'

/** A partition's day as plain data: what a snapshot keeps. */
export interface SavedDay {
  readonly opened: DayOpened
  readonly counts: { eventsIn: number; eventsQuarantined: number; eventsLate: number }
  readonly nextBar: number
  readonly quality: number
  readonly scales: Readonly<Record<PendingBatch['kind'], readonly DictionaryEntry[]>>
  readonly instruments: readonly string[]
  readonly chains: readonly SavedChain[]
  readonly arrays: Readonly<Record<'acc' | 'bar' | 'orders' | 'carried', Float64Array>>
}

export interface SavedChain {
  readonly producer: string
  readonly channel: string
  readonly batchNumber: number
  readonly crcs: readonly (readonly [number, number])[]
  /** null: no mark yet. */
  readonly markTime: number | null
  readonly markSequence: number
  readonly isOver: boolean
  readonly isLost: boolean
  readonly events: number
  readonly cursor: number
  readonly pending: readonly PendingBatch[]
}

export function saveDay(day: PartitionDay): SavedDay {
  const { instruments, acc, bar } = day.reducer.state.save()
  return {
    opened: day.opened,
    counts: { ...day.counts },
    nextBar: day.nextBar,
    quality: day.quality,
    scales: { ticks: [...day.scales.ticks.values()], books: [...day.scales.books.values()] },
    instruments,
    chains: day.merge.chains.map((chain) => ({
      ...chain,
      crcs: [...chain.crcs],
      markTime: Number.isFinite(chain.markTime) ? chain.markTime : null,
      pending: [...chain.pending],
    })),
    arrays: { acc, bar, orders: day.reducer.orders.save(), carried: day.carried.slice() },
  }
}

/** The day as it was saved: going on from it gives the same bits as never having stopped. */
export function restoreDay(saved: SavedDay, settings: DaySettings): PartitionDay {
  const session = openSession(settings.profile, saved.opened.date)
  const merge = new Merge(saved.opened.chains)
  for (const savedChain of saved.chains) {
    const chain = merge.find(savedChain.producer, savedChain.channel)
    if (chain === undefined)
      throw new RangeError(`chain ${savedChain.producer}/${savedChain.channel} is not of this day`)
    const { pending, crcs, markTime, ...rest } = savedChain
    Object.assign(chain, rest)
    chain.markTime = markTime ?? Number.NEGATIVE_INFINITY
    for (const [number, crc] of crcs) chain.crcs.set(number, crc)
    // Rows are numbered anew by the state that is restored beside; the dictionary is looked up again.
    for (const batch of pending)
      chain.pending.push({ ...batch, rows: new Int32Array(batch.batch.dictionary.length).fill(-1) })
  }
  const state = Accumulators.restore(session.bars, {
    instruments: saved.instruments,
    acc: saved.arrays.acc,
    bar: saved.arrays.bar,
  })
  const reducer = new Reducer(session, settings.sizing, state, OrderTable.restore(saved.arrays.orders))
  const day = new PartitionDay(saved.opened, settings, merge, reducer)
  Object.assign(day.counts, saved.counts)
  day.nextBar = saved.nextBar
  day.carried = saved.arrays.carried
  day.quality = saved.quality
  for (const kind of ['ticks', 'books'] as const)
    for (const entry of saved.scales[kind]) day.scales[kind].set(entry.instrument, entry)
  return day
}
