import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import type { Bus, GroupHandlers } from '../../src/ports/bus.ts'
import { fed, smallMarket } from '../faults/simulated-day.ts'
import { featuresOf, loggedBits } from '../integration/logged-rows.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'

/** A group whose partitions the test hands over, on the log of another bus. */
function handedOver(bus: Bus) {
  let handlers: GroupHandlers | null = null
  let left = (): void => undefined
  const done = new Promise<void>((resolve) => (left = resolve))
  let owned: number[] = []
  const group: Bus = {
    createTopics: (partitions) => bus.createTopics(partitions),
    partitions: (topic) => bus.partitions(topic),
    publish: (topic, messages) => bus.publish(topic, messages),
    read: (topic, partition, options) => bus.read(topic, partition, options),
    offsets: (topic, partition) => bus.offsets(topic, partition),
    offsetOfDate: (topic, partition, day) => bus.offsetOfDate(topic, partition, day),
    committed: (topic, group) => bus.committed(topic, group),
    join: (_topic, _group, given) => {
      handlers = given
      return Promise.resolve({ commit: () => Promise.resolve(), done, leave: () => Promise.resolve(left()) })
    },
    close: () => bus.close(),
  }
  /** Hands over one partition more and all that its log has; answers where the worker wanted each to be read from. */
  const hand = async (partition: number): Promise<ReadonlyMap<number, number>> => {
    while (handlers === null) await realClock.sleep(1)
    const assignments = [
      ...owned.map((p) => ({ partition: p, committed: { offset: 1, metadata: '0' } })),
      { partition, committed: null },
    ]
    owned = [...owned, partition]
    const starts = await handlers.assigned(assignments, owned.length)
    const from = starts.get(partition) ?? 0
    for await (const messages of bus.read('market', partition, { from, until: 'end' }))
      await handlers.messages(partition, messages, owned.length)
    return starts
  }
  return { group, hand }
}

it('a worker until the close stays while a partition of its day is open that nobody has yet', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-until-close-'))
  const market = smallMarket(seed)
  const bus = openTape(join(folder, 'tape'), { clock: realClock })
  await fed(market, bus)
  const { group, hand } = handedOver(bus)
  let hasLeft = false
  const run = featuresOf(group, { date: market.dates[0] }).run()
  void run.then(() => (hasLeft = true))
  await hand(0)
  // Longer than it takes to look at the others.
  await realClock.sleep(600)
  expect(hasLeft).toBe(false)
  const starts = await hand(1)
  // What stays with the worker is read on from where its state is, whatever is committed.
  expect(starts.get(0)).toBe((await bus.offsets('market', 0)).next)
  await run

  const alone = openTape(join(folder, 'alone'), { clock: realClock })
  await fed(market, alone)
  await featuresOf(alone, { date: market.dates[0] }).run()
  expect(await loggedBits(bus)).toEqual(await loggedBits(alone))
  await Promise.all([bus.close(), alone.close()])
  rmSync(folder, { recursive: true, force: true })
})
