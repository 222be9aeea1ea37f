import { crc32 } from 'node:zlib'
import { topics as topicSpecs, type TopicName } from '../../../schemas/topics.ts'
import type { Logged } from '../../../src/ports/bus.ts'
import { codecs, kindOf } from '../../../src/wire/index.ts'
import type { LoggedTopics } from './world-log.ts'
import type { StoredRow, StoredTables } from './world-store.ts'

/** What was published, once each: by topic and partition, in the order of the first copies, bytes by key. */
export type Published = ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>

const compared = topicSpecs.map(({ name }) => name).filter((name) => name !== 'status')

/** A message of the market log by what it says, wherever and however often it stands. */
const contentOf = ({ value }: Logged): string => `${crc32(value)}:${value.length}`

/**
 * Reads the topics from the offsets at which a run began: repeats must be equal, PartitionClosed must follow all rows
 * of its day and name the cut; of days before `since` there may be repeats only. Offsets, which repeats shift, are
 * replaced by what stands there.
 */
export function publishedOf(topics: LoggedTopics, from: LoggedTopics, since: string, failures: string[]): Published {
  const published = new Map<string, Map<string, Uint8Array>>()
  const market = topics.get('market') ?? []
  for (const topic of compared) {
    for (const [partition, messages] of (topics.get(topic) ?? []).entries()) {
      const place = `${topic}/${partition}`
      const found = new Map<string, Uint8Array>()
      published.set(place, found)
      const repeats = new Map<string, Uint8Array>()
      const before = from.get(topic)?.[partition] ?? []
      for (const message of messages.slice(before.length)) {
        if (isOtherRepeat(message, repeats)) failures.push(`${place} has ${message.key} twice with other bytes`)
        if (message.date < since) {
          const known = before.find(({ key }) => key === message.key)
          if (known === undefined || Buffer.compare(known.value, message.value) !== 0)
            failures.push(`${place} has ${message.key} of an earlier day with other bytes`)
          continue
        }
        const [key, value] = settled(topic, message, market, found, failures)
        if (!found.has(key)) found.set(key, value)
      }
    }
  }
  return published
}

/** Whether a key comes again with other bytes; in the market log it names the chain. */
function isOtherRepeat({ topic, key, value }: Logged, seen: Map<string, Uint8Array>): boolean {
  if (topic === 'market') return false
  const known = seen.get(key)
  if (known === undefined) seen.set(key, value)
  return known !== undefined && Buffer.compare(known, value) !== 0
}

/** Key and bytes of a message without what depends on where it stands. */
function settled(
  topic: TopicName,
  message: Logged,
  market: readonly (readonly Logged[])[],
  found: ReadonlyMap<string, Uint8Array>,
  failures: string[],
): [key: string, value: Uint8Array] {
  const { key, value } = message
  if (topic === 'market') return [contentOf(message), value]
  if (topic === 'late' || topic === 'quarantine') {
    const [partition, offset, row] = key.split('|').map(Number)
    const record = topic === 'late' ? codecs.late.decode(value) : codecs.quarantined.decode(value)
    const settledRecord = { ...record, offset: 0 }
    const bytes =
      topic === 'late' ? codecs.late.encode(settledRecord as never) : codecs.quarantined.encode(settledRecord as never)
    return [`${partition}|${contentOf(market[partition][offset])}|${row}`, bytes]
  }
  if (topic !== 'days' || kindOf(value) !== 'partitionClosed') return [key, value]
  const closed = codecs.partitionClosed.decode(value)
  const rows = [...found.keys()].filter((one) => one.startsWith(`${closed.date}|`) && !one.endsWith('|closed')).length
  if (rows !== closed.rows) failures.push(`${key} of ${message.partition} came after ${rows} of ${closed.rows} rows`)
  const cut = cutOf(market[message.partition], closed.date)
  if (cut !== closed.cutOffset) failures.push(`${key} names the cut ${closed.cutOffset}, it is ${cut}`)
  return [key, codecs.partitionClosed.encode({ ...closed, cutOffset: 0 })]
}

/** The first offset at which all expected chains of a date have ended. */
function cutOf(log: readonly Logged[], date: string): number {
  let open: Set<string> | null = null
  for (const { offset, value, date: filed } of log) {
    if (filed !== date) continue
    const kind = safeKind(value)
    if (kind === 'dayOpened' && open === null)
      open = new Set(codecs.dayOpened.decode(value).chains.map(({ producer, channel }) => `${producer}/${channel}`))
    if (kind !== 'chainEnded' || open === null) continue
    const { producer, channel } = codecs.chainEnded.decode(value)
    open.delete(`${producer}/${channel}`)
    if (open.size === 0) return offset
  }
  return -1
}

function safeKind(value: Uint8Array): string | null {
  try {
    return kindOf(value)
  } catch {
    return null
  }
}

/** What differs from the run in which nothing failed. */
export function compare(expected: Published, actual: Published): string[] {
  const failures: string[] = []
  for (const [place, wanted] of expected) {
    const found = actual.get(place) ?? new Map<string, Uint8Array>()
    for (const [key, value] of wanted) {
      const other = found.get(key)
      if (other === undefined) failures.push(`${place} lacks ${key}`)
      else if (Buffer.compare(value, other) !== 0) failures.push(`${place} has other bytes under ${key}`)
    }
    for (const key of found.keys()) if (!wanted.has(key)) failures.push(`${place} has ${key} beyond`)
  }
  return failures
}

/**
 * Rows, of which those of earlier days may have been written again, are compared but for when they were known, which is
 * when their message was appended.
 */
export function compareTables(expected: StoredTables, actual: StoredTables, before: StoredTables): string[] {
  const failures: string[] = []
  for (const table of new Set([...expected.keys(), ...actual.keys()])) {
    const [wanted, found] = [expected.get(table), actual.get(table)]
    for (const [key, row] of wanted ?? []) {
      const other = found?.get(key)
      if (other === undefined) failures.push(`table ${table} lacks ${key}`)
      else failures.push(...differences(row, other).map((column) => `table ${table} differs in ${column} of ${key}`))
    }
    for (const [key, row] of found ?? []) {
      if (wanted?.has(key) === true) continue
      const known = before.get(table)?.get(key)
      if (known === undefined || differences(known, row).length > 0) failures.push(`table ${table} has ${key} beyond`)
    }
  }
  return failures
}

const differences = (a: StoredRow, b: StoredRow): string[] =>
  Object.keys({ ...a.rows.columns, ...b.rows.columns }).filter(
    (column) => column !== 'known_at' && !Object.is(a.rows.columns[column]?.[a.at], b.rows.columns[column]?.[b.at]),
  )
