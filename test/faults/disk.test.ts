import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { Random } from '../../src/simulator/random.ts'
import { localDisk } from '../../src/workers/features/local-disk.ts'
import { featuresOf, loggedBits, repeats } from '../integration/logged-rows.ts'
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

it('a snapshot that cannot be made safe ends the worker, and what it had done stays as it is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-failing-disk-'))
  const bus = openTape(join(folder, 'tape'), { clock: realClock })
  const commits: number[] = []
  try {
    await fed(smallMarket(seed), bus, 1)
    const watchedBus = watched(
      bus,
      () => true,
      (offset) => commits.push(offset),
    )
    const broken = Object.assign(new Error('EIO: i/o error, fsync'), { code: 'EIO' })
    const disk = { ...localDisk, write: () => Promise.reject(broken) }
    const worker = featuresOf(watchedBus, { state: join(folder, 'state'), snapshotIntervalMs: 0, disk })
    await expect(worker.run()).rejects.toThrow('EIO')
    expect(commits).toEqual([])
  } finally {
    await bus.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

it('a snapshot of which only a part is there is not used, and the same rows come of it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-torn-'))
  const market = smallMarket(seed)
  const random = new Random(seed, 83)
  const bus = openTape(join(folder, 'tape'), { clock: realClock })
  const whole = openTape(join(folder, 'whole'), { clock: realClock })
  try {
    await fed(market, bus, 1)
    await fed(market, whole, 1)
    await featuresOf(whole).run()
    const state = join(folder, 'state')
    const stop = new AbortController()
    const last = 2 + random.below(40)
    const until = (handed: number): boolean => {
      if (handed === last) stop.abort()
      return handed < last
    }
    const options = { state, snapshotIntervalMs: 0, signal: stop.signal }
    const handing = watched(bus, until, () => undefined)
    await featuresOf(handing, options).run()
    const file = join(state, 'market-0.snapshot')
    truncateSync(file, random.below(statSync(file).size))
    await featuresOf(bus, { state }).run()
    expect(await loggedBits(bus)).toEqual(await loggedBits(whole))
    expect((await repeats(bus, 'minutes')).differing).toEqual([])
  } finally {
    await bus.close()
    await whole.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
