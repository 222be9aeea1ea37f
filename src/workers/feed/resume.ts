import { ClosebellError } from '../../../schemas/errors.ts'
import type { DayOpened } from '../../../schemas/market.ts'
import type { Bus, Logged } from '../../ports/bus.ts'
import { decode, kindOf, type Message } from '../../wire/index.ts'

/** What the log already holds of one chain: where a feed that starts again goes on. */
export interface ChainProgress {
  nextBatch: number
  /** Last sequence that is logged, -1 = none. */
  lastSequence: number
  markTime: number
  markSequence: number
  events: number
  ended: boolean
}

export const newProgress = (): ChainProgress => ({
  nextBatch: 0,
  lastSequence: -1,
  markTime: -Infinity,
  markSequence: -1,
  events: 0,
  ended: false,
})

export interface PartitionProgress {
  readonly opened: DayOpened | null
  /** Whether the Reference, which follows DayOpened, is there too. */
  readonly isReferenced: boolean
  /** A later date that the partition has reached, null when there is none. */
  readonly laterDate: string | null
  /** By channel of this producer. */
  readonly chains: ReadonlyMap<string, ChainProgress>
}

/** Reads a date of one partition back from the log. */
export async function readProgress(
  bus: Bus,
  partition: number,
  date: string,
  producer: string,
  signal: AbortSignal,
): Promise<PartitionProgress> {
  const from = await bus.offsetOfDate('market', partition, date)
  const chains = new Map<string, ChainProgress>()
  let opened: DayOpened | null = null
  let isReferenced = false
  let laterDate: string | null = null
  for await (const messages of bus.read('market', partition, { from, until: 'end', signal })) {
    for (const message of messages) {
      if (message.date !== date) laterDate = message.date
      else {
        opened = note(message, producer, chains, opened)
        if (opened !== null && kindOf(message.value) === 'reference') isReferenced = true
      }
    }
  }
  return { opened, isReferenced, laterDate, chains }
}

function note(
  message: Logged,
  producer: string,
  chains: Map<string, ChainProgress>,
  opened: DayOpened | null,
): DayOpened | null {
  const kind = kindOf(message.value)
  if (kind !== 'tickBatch' && kind !== 'bookBatch' && kind !== 'chainEnded' && kind !== 'dayOpened') return opened
  const decoded = decodedOrNull(message.value)
  if (decoded === null) return opened
  if (decoded.kind === 'dayOpened') return opened ?? decoded.value
  if (decoded.kind !== 'tickBatch' && decoded.kind !== 'bookBatch' && decoded.kind !== 'chainEnded') return opened
  const { value } = decoded
  if (value.producer !== producer) return opened
  const chain = chains.get(value.channel) ?? newProgress()
  chains.set(value.channel, chain)
  if (decoded.kind === 'chainEnded') {
    chain.ended = true
    return opened
  }
  const batch = decoded.value
  if (batch.batchNumber < chain.nextBatch) return opened // a repeat of a batch that is already counted
  chain.nextBatch = batch.batchNumber + 1
  chain.lastSequence = Math.max(chain.lastSequence, batch.lastSequence)
  chain.markTime = Math.max(chain.markTime, batch.markTime)
  chain.markSequence = Math.max(chain.markSequence, batch.markSequence)
  chain.events += batch.count
  return opened
}

/** Null for bytes that were damaged: whoever reduces the log puts them into quarantine, a feed goes on behind them. */
function decodedOrNull(value: Uint8Array): Message | null {
  try {
    return decode(value)
  } catch (error) {
    if (error instanceof ClosebellError) return null
    throw error
  }
}
