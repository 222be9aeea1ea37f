import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { Random } from '../../src/simulator/random.ts'
import { featuresOf, loggedBits } from '../integration/logged-rows.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { fed, smallMarket } from './simulated-day.ts'

/** Whatever is written to it finds no space. */
const full = '/dev/full'

/** The bus, which hands over one message at a time as long as `before` says so, and tells of every commit. */
const watched = (bus: Bus, before: (handed: number) => boolean, committed: (offset: number) => void): Bus => {
  const joined: Bus['join'] = async (topic, group, handlers) => {
    let handed = 0
    const member = await bus.join(topic, group, {
      assigned: (assignments, epoch) => handlers.assigned(assignments, epoch),
      messages: async (partition, messages, epoch) => {
        for (const message of messages) {
          if (!before(handed++)) return
          await handlers.messages(partition, [message], epoch)
        }
      },
    })
    return {
      commit: (partition, place) => {
        committed(place.offset)
        return member.commit(partition, place)
      },
      done: member.done,
      leave: () => member.leave(),
    }
  }
  return new Proxy(bus, {
    get: (target, name: keyof Bus) => (name === 'join' ? joined : target[name].bind(target)),
  })
}

it.skipIf(!existsSync(full))('without room for snapshots the last one stays, and rows go on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-full-disk-'))
  const market = smallMarket(seed)
  const random = new Random(seed, 73)
  const bus = openTape(join(folder, 'tape'), { clock: realClock })
  const whole = openTape(join(folder, 'whole'), { clock: realClock })
  try {
    await fed(market, bus, 1)
    await fed(market, whole, 1)
    await featuresOf(whole).run()
    const expected = await loggedBits(whole)

    const state = join(folder, 'state')
    mkdirSync(state)
    const from = 1 + random.below(20)
    const to = from + 1 + random.below(20)
    const stop = new AbortController()
    const commits: number[] = []
    const worker = featuresOf(
      watched(
        bus,
        (handed) => {
          if (handed === to + 1) stop.abort()
          if (handed >= from && handed < to) symlinkSync(full, join(state, `market-0.snapshot.${process.pid}.tmp`))
          return handed <= to
        },
        (offset) => commits.push(offset),
      ),
      { state, snapshotIntervalMs: 0, signal: stop.signal },
    )
    const summary = await worker.run()
    expect(summary.snapshotsMissed).toBe(to - from)
    // Offsets are those of messages: the ones behind which there was no room are not committed.
    expect(commits.filter((offset) => offset > from && offset <= to)).toEqual([])
    expect(commits).toContain(from)
    expect(commits).toContain(to + 1)
    await featuresOf(bus, { state }).run()
    expect(readdirSync(state)).toEqual(['market-0.snapshot'])
    expect(await loggedBits(bus)).toEqual(expected)
  } finally {
    await bus.close()
    await whole.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
