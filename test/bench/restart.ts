import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cn } from '../../schemas/profiles/index.ts'
import { restoreDay, saveDay, type DaySettings, type PartitionDay } from '../../streams/index.ts'
import { fingerprints } from '../../src/workers/fingerprints.ts'
import { localDisk } from '../../src/workers/features/local-disk.ts'
import { PartitionStream } from '../../src/workers/features/partition-stream.ts'
import { encodeSnapshot, readSnapshot, writeSnapshot } from '../../src/workers/features/snapshot.ts'
import { loadDate, LoadMarket } from './load/market.ts'
import { costOf, machine, median, say } from './measure.ts'

const load = { seed: 20261130, instruments: 5500, parents: 10_000_000, partitions: 1 }
const rounds = 5
const settings: DaySettings = { profile: cn, sizing: 'order', fingerprints, minuteRows: true }
const identity = { partition: 0, sizing: 'order', codeVersion: 'bench', engine: 'v8', schemas: 'bench' }

/** The day as it stands behind the last event, and how much the process holds on the way. */
function reduced(): { day: PartitionDay; rssMb: number[] } {
  const stream = new PartitionStream(0, settings)
  const market = new LoadMarket(load)
  const rssMb: number[] = []
  let offset = 0
  for (const { value, events } of market.messages()) {
    if (events === 0 && offset > 1) break
    stream.take({ topic: 'market', partition: 0, offset, appendedAt: 0, date: loadDate, key: '', value })
    if (++offset % 500 === 0) rssMb.push(Math.round(process.memoryUsage().rss / 2 ** 20))
  }
  if (stream.day === null) throw new RangeError('the load opened no day')
  return { day: stream.day, rssMb }
}

/** From a snapshot of a full market to a day that goes on. */
export async function restart(): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-bench-'))
  try {
    const { day, rssMb } = reduced()
    const file = join(folder, 'market-0.snapshot')
    let bytes = 0
    const saved = await costOf(async () => {
      const encoded = encodeSnapshot(identity, { nextOffset: 1, openedOffset: 0, past: null, day: saveDay(day) })
      bytes = encoded.length
      await writeSnapshot(localDisk, file, encoded)
    })
    const ready: number[] = []
    let isEqual = true
    for (let round = 0; round < rounds; round++) {
      let restored: PartitionDay | null = null
      const { seconds } = await costOf(async () => {
        const snapshot = await readSnapshot(localDisk, file, identity)
        restored = snapshot?.day ? restoreDay(snapshot.day, settings) : null
      })
      ready.push(seconds)
      say(`ready in ${seconds.toFixed(2)} s`)
      const { state, orders } = (restored as unknown as PartitionDay).reducer
      isEqual &&= state.count === day.reducer.state.count && orders.size === day.reducer.orders.size
    }
    const { state, orders } = day.reducer
    return {
      bench: 'restart',
      machine: machine(),
      load,
      live_orders: orders.size,
      snapshot_bytes: bytes,
      bytes_per_live_order: orders.bytes / orders.size,
      bytes_per_instrument: (state.acc.byteLength + state.bar.byteLength) / state.count,
      rss_mb_each_500_messages: rssMb,
      save_seconds: saved.seconds,
      ready_seconds: median(ready),
      restored_as_saved: isEqual,
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
