import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import { texts, type Store } from '../../ports/store.ts'
import type { Mapping } from '../mapping.ts'

/** Counts up when the rows that an import makes of the same file change. */
const format = 2

/** The table of a store's settings is keyed by time too; what stands in it for ever has the time 0. */
const always = '1970-01-01'

const file = z.object({ name: z.string(), sha256: z.string(), from: z.string(), to: z.string() })

const ledger = z.object({
  /** Hash of the mapping and the format of the rows. */
  basis: z.string(),
  files: z.array(file),
  /** Dates with rows. */
  days: z.number(),
  /** By symbol: bounds of the running ratio, last close, product of the adjustments; null = NaN. */
  state: z.record(z.string(), z.array(z.number().nullable()).length(4)),
})

export interface LedgerFile {
  readonly name: string
  readonly sha256: string
  readonly from: string
  readonly to: string
}

/** What a store holds of the daily bars of one mapping, and how the next file goes on from there. */
export interface Ledger {
  readonly basis: string
  readonly files: readonly LedgerFile[]
  readonly days: number
  readonly state: Readonly<Record<string, readonly (number | null)[]>>
}

const keyOf = (mapping: Mapping): string => `import daily ${mapping.name}`

export const basisOf = (mapping: Mapping): string =>
  createHash('sha256')
    .update(`${format}${JSON.stringify([mapping.symbols, mapping.daily])}`)
    .digest('hex')

/** Null when nothing was imported by this mapping as it is now. */
export async function readLedger(store: Store, mapping: Mapping): Promise<Ledger | null> {
  const columns = ['key', 'value']
  const rows = await store.panel({
    table: 'deployment',
    columns,
    from: always,
    to: always,
    where: { key: keyOf(mapping) },
  })
  if (rows.count === 0) return null
  const { data } = ledger.safeParse(JSON.parse(texts(rows, 'value')[0]))
  return data !== undefined && data.basis === basisOf(mapping) ? data : null
}

export async function writeLedger(store: Store, mapping: Mapping, entry: Ledger): Promise<void> {
  await store.append('deployment', {
    count: 1,
    columns: { event_time: Float64Array.of(0), key: [keyOf(mapping)], value: [JSON.stringify(entry)] },
  })
  await store.applied(['deployment'])
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
