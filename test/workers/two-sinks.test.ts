import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { TableName } from '../../schemas/tables.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import type { Bus } from '../../src/ports/bus.ts'
import type { Store } from '../../src/ports/store.ts'
import { codecs } from '../../src/wire/index.ts'
import { Sink } from '../../src/workers/sink/sink-worker.ts'
import { fed, smallMarket } from '../faults/simulated-day.ts'
import { featuresOf } from '../integration/logged-rows.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'

const date = '2024-01-02'
const names = 6

/** A bus whose partitions of `days` all belong to another sink, which takes its time. */
function withoutDays(bus: Bus): Bus {
  const join: Bus['join'] = async (topic, group, handlers) => {
    if (topic !== 'days') return bus.join(topic, group, handlers)
    await handlers.assigned([], 1)
    let leave = (): void => undefined
    const done = new Promise<void>((resolve) => (leave = resolve))
    return { done, commit: () => Promise.resolve(), leave: async () => leave() }
  }
  return new Proxy(bus, {
    get: (target, name: keyof Bus) => (name === 'join' ? join : target[name].bind(target)),
  })
}

it('a day is complete in the store after the rows that another sink has to bring', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-two-sinks-'))
  const bus = openTape(folder, { clock: realClock })
  try {
    await fed(smallMarket(seed, names), bus)
    await featuresOf(bus).run()
    const completed = { date, revision: 0, degraded: false, retracted: false, cause: '', universe: names, published: 0 }
    const value = codecs.completed.encode({ ...completed, sets: [], mlCHash: '', exclusions: [] })
    await bus.publish('completed', [{ partition: 0, date, key: `${date}|0`, value }])
    const rows = new Map<TableName, number>()
    const beforeCompleted: (number | undefined)[] = []
    const store = {
      append: async (table: TableName, { count }: { count: number }) => {
        if (table === 'completed') beforeCompleted.push(rows.get('pv'))
        rows.set(table, (rows.get(table) ?? 0) + count)
      },
      applied: () => Promise.resolve(),
      panel: () => Promise.resolve({ count: 0, columns: { event_time: new Float64Array(0), value: [] } }),
    } as unknown as Store
    const stop = new AbortController()
    const following = new Sink(withoutDays(bus), store, 'live').follow(stop.signal)
    await expect.poll(() => beforeCompleted, { timeout: 20_000, interval: 10 }).toEqual([names])
    stop.abort()
    await following
  } finally {
    await bus.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
