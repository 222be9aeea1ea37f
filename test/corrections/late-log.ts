import type { BookBatch, TickBatch } from '../../schemas/market.ts'
import type { Logged } from '../../src/ports/bus.ts'
import type { Random } from '../../src/simulator/random.ts'
import { codecs, decode } from '../../src/wire/index.ts'

type Batch = TickBatch | BookBatch

const encodeBatch = (batch: Batch): Uint8Array =>
  'price' in batch ? codecs.tickBatch.encode(batch) : codecs.bookBatch.encode(batch)

const batchOf = (value: Uint8Array): Batch | null => {
  const decoded = decode(value)
  return decoded.kind === 'tickBatch' || decoded.kind === 'bookBatch' ? decoded.value : null
}

/** The rows of a batch that are kept; its header stays. */
function only(batch: Batch, isKept: (row: number) => boolean): Batch {
  const rows = Array.from({ length: batch.count }, (_, row) => row).filter(isKept)
  const columns = Object.entries(batch).flatMap(([name, column]) => {
    if (!ArrayBuffer.isView(column)) return []
    const values = column as Float64Array
    const stride = values.length / batch.count
    const kept = rows.flatMap((row) => [...values.subarray(row * stride, (row + 1) * stride)])
    return [[name, (values.constructor as Float64ArrayConstructor).from(kept)]]
  })
  return { ...batch, ...(Object.fromEntries(columns) as object), count: rows.length }
}

/** Something that is said later than in time: `value` stands behind so many messages more. */
interface Held {
  readonly value: Uint8Array
  readonly at: number
}

/**
 * The log of a day of which a part comes too late: whole batches, under their own numbers, and single events of others,
 * in batches of their own under the next numbers of their chain; some of both behind the end of their chain and behind
 * the cut. The first records, which open the day, stay.
 */
export function lateLog(messages: readonly Logged[], random: Random, share = 0.15): Logged[] {
  const values: Uint8Array[] = []
  let held: Held[] = []
  const say = (value: Uint8Array): void => {
    values.push(value)
    const due = held.filter(({ at }) => at <= values.length)
    held = held.filter(({ at }) => at > values.length)
    for (const one of due) say(one.value)
  }
  for (const { value } of messages) {
    const batch = batchOf(value)
    const draw = random.uniform()
    const at = values.length + 1 + random.below(messages.length)
    if (batch === null || batch.count === 0 || draw > share) say(value)
    else if (draw < share / 2) held.push({ value, at })
    else {
      const isLate = Array.from({ length: batch.count }, () => random.uniform() < 0.4)
      say(encodeBatch(only(batch, (row) => !isLate[row])))
      if (isLate.includes(true)) held.push({ value: encodeBatch(only(batch, (row) => isLate[row] ?? false)), at })
    }
  }
  for (const { value } of held.sort((a, b) => a.at - b.at)) values.push(value)
  return values.map((value, offset) => ({ ...messages[0], value, offset }))
}

/**
 * Gives single late events batches of their own: the second of two batches with one number takes the next one that is
 * free, and ChainEnded names how many its chain had when it spoke.
 */
export function renumbered(messages: readonly Logged[]): Logged[] {
  const numbers = new Map<string, Set<number>>()
  const highest = new Map<string, number>()
  for (const { value } of messages) {
    const batch = batchOf(value)
    if (batch === null) continue
    const chain = `${batch.producer}/${batch.channel}`
    highest.set(chain, Math.max(highest.get(chain) ?? -1, batch.batchNumber))
  }
  return messages.map((message) => {
    const batch = batchOf(message.value)
    if (batch === null) return message
    const chain = `${batch.producer}/${batch.channel}`
    const used = numbers.get(chain) ?? new Set<number>()
    numbers.set(chain, used)
    if (!used.has(batch.batchNumber)) {
      used.add(batch.batchNumber)
      return message
    }
    const batchNumber = (highest.get(chain) ?? -1) + 1
    highest.set(chain, batchNumber)
    return { ...message, value: encodeBatch({ ...batch, batchNumber }) }
  })
}
