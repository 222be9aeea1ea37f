import { execFileSync, spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import avsc from 'avsc'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { Listener, message, partitions, readAll, textOf, waits } from '../contract/bus.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'

let folder: string
const opened: Bus[] = []
const market = (date: string, partition = 0): string =>
  join(folder, 'closebell.market.v1', String(partition), `${date}.avro`)

function open(): Bus {
  const bus = openTape(folder, { clock: realClock })
  opened.push(bus)
  return bus
}

async function restart(bus: Bus): Promise<Bus> {
  await bus.close()
  return open()
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'closebell-tape-'))
})
afterEach(async () => {
  for (const bus of opened.splice(0)) await bus.close()
  rmSync(folder, { recursive: true })
})

async function withTwoDays(): Promise<Bus> {
  const bus = open()
  await bus.createTopics(partitions)
  await bus.publish('market', [message('a'), message('b')])
  await bus.publish('market', [message('c', { date: '2023-02-02' }), message('d', { date: '2023-02-02' })])
  return bus
}

interface AvroMessage {
  readonly offset: number
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  readonly value: Buffer
}

/** Reads a file with a reader that knows nothing of tapes. */
const readWithAvsc = (path: string): Promise<readonly AvroMessage[]> =>
  new Promise((resolve, reject) => {
    const records: AvroMessage[] = []
    const decoder = avsc.createFileDecoder(path)
    decoder.on('data', (record: AvroMessage) => records.push(record))
    decoder.on('end', () => resolve(records)).on('error', reject)
  })

describe('files of a tape', () => {
  it('are named by date, and a message of an earlier date goes into the last file', async () => {
    const bus = await withTwoDays()
    await bus.publish('market', [message('late')])
    const again = await restart(bus)
    expect((await readAll(again, 'market', 0)).map((one) => [one.offset, one.date, textOf(one)])).toEqual([
      [0, '2023-02-01', 'a'],
      [1, '2023-02-01', 'b'],
      [2, '2023-02-02', 'c'],
      [3, '2023-02-02', 'd'],
      [4, '2023-02-01', 'late'],
    ])
    expect(await again.offsetOfDate('market', 0, '2023-02-02')).toBe(2)
  })

  it('are the same bytes for the same messages appended at the same times', async () => {
    const clock = { ...realClock, now: () => 1_675_214_100_000 }
    const write = async (name: string) => {
      const bus = openTape(join(folder, name), { clock })
      await bus.createTopics(1)
      await bus.publish('market', [message('a'), message('b')])
      await bus.close()
      return readFileSync(join(folder, name, 'closebell.market.v1', '0', '2023-02-01.avro'))
    }
    expect(await write('one')).toEqual(await write('two'))
  })

  it('are Avro containers that another reader opens (avsc)', async () => {
    const bus = await withTwoDays()
    await bus.close()
    const records = await readWithAvsc(market('2023-02-02'))
    expect(records.map(({ offset, key, headers, value }) => [offset, key, { ...headers }, value.toString()])).toEqual([
      [2, 'cn-l2/sse-6', { date: '2023-02-02' }, 'c'],
      [3, 'cn-l2/sse-6', { date: '2023-02-02' }, 'd'],
    ])
  })

  it('of another kind are refused, not misread', async () => {
    await (await withTwoDays()).close()
    writeFileSync(market('2023-02-01'), 'Obj\x01 but of somebody else, and long enough to hold a header')
    await expect(readAll(open(), 'market', 0)).rejects.toMatchObject({ code: 'CB_WIRE_SCHEMA' })
  })

  it('give back what was written, whatever the sizes, dates and calls', async () => {
    const sizes = fc.oneof(fc.nat(300), fc.nat(300_000))
    const calls = fc.array(fc.array(fc.record({ size: sizes, day: fc.nat(3), partition: fc.nat(1) }), { minLength: 1 }))
    await fc.assert(
      fc.asyncProperty(calls, async (drawn) => {
        rmSync(folder, { recursive: true })
        let bus = open()
        await bus.createTopics(2)
        const expected: [number, number][][] = [[], []]
        for (const call of drawn) {
          const messages = call.map(({ size, day, partition }, index) => {
            expected[partition]!.push([size, (size + index) % 256])
            const value = new Uint8Array(size).fill(size + index)
            return message('', { partition, date: `2023-02-0${day + 1}`, value })
          })
          await bus.publish('market', messages)
          if (call.length % 3 === 0) bus = await restart(bus)
        }
        for (const partition of [0, 1]) {
          const all = await readAll(bus, 'market', partition)
          expect(all.map(({ offset }) => offset)).toEqual(expected[partition]!.map((_, offset) => offset))
          for (const [offset, [size, fill]] of expected[partition]!.entries()) {
            const { value } = all[offset]!
            expect(value.length).toBe(size)
            expect(value.every((byte) => byte === fill)).toBe(true)
          }
          const middle = expected[partition]!.length >> 1
          const rest = await readAll(bus, 'market', partition, middle)
          expect(rest.map(({ offset }) => offset)).toEqual(all.slice(middle).map(({ offset }) => offset))
        }
        await bus.close()
      }),
      { seed, numRuns: 25 },
    )
  })
})

describe('a writer that was killed', () => {
  const sizeOf = (date: string): number => statSync(market(date)).size

  it('leaves a torn block, which readers ignore and the next writer cuts away', async () => {
    const bus = await withTwoDays()
    const whole = sizeOf('2023-02-02')
    await bus.publish('market', [message('torn, and longer than what follows it', { date: '2023-02-02' })])
    await bus.close()
    const bytes = readFileSync(market('2023-02-02'))
    for (let length = whole + 1; length < bytes.length; length++) {
      writeFileSync(market('2023-02-02'), bytes.subarray(0, length))
      const reader = open()
      expect((await readAll(reader, 'market', 0)).map(textOf)).toEqual(['a', 'b', 'c', 'd'])
      expect(await reader.offsets('market', 0)).toEqual({ first: 0, next: 4 })
      await reader.close()
    }
    const writer = open()
    expect(await writer.publish('market', [message('e', { date: '2023-02-02' })])).toBe(4)
    expect((await readAll(await restart(writer), 'market', 0)).map(textOf)).toEqual(['a', 'b', 'c', 'd', 'e'])
    const sync = bytes.subarray(whole - 16, whole)
    expect(readFileSync(market('2023-02-02')).subarray(-16)).toEqual(sync)
  })

  it('before the first block of a file was whole leaves a file that counts as absent', async () => {
    await (await withTwoDays()).close()
    for (const length of [200, 10, 0]) {
      truncateSync(market('2023-02-02'), length)
      const reader = open()
      expect(await reader.offsetOfDate('market', 0, '2023-02-02')).toBe(2)
      await reader.close()
    }
    const writer = open()
    expect(await writer.publish('market', [message('c2', { date: '2023-02-02' })])).toBe(2)
    expect((await readAll(await restart(writer), 'market', 0)).map(textOf)).toEqual(['a', 'b', 'c2'])
  })

  it('is no excuse for damage inside of a file (CB_BUS_GAP)', async () => {
    await (await withTwoDays()).close()
    const bytes = readFileSync(market('2023-02-01'))
    bytes[bytes.length - 1]! ^= 1
    writeFileSync(market('2023-02-01'), bytes)
    await expect(readAll(open(), 'market', 0)).rejects.toMatchObject({ code: 'CB_BUS_GAP' })
  })

  it('leaves a lock that the next writer takes over; a living one keeps it (CB_BUS_CONFLICT)', async () => {
    const bus = await withTwoDays()
    await expect(open().publish('market', [message('x')])).rejects.toMatchObject({ code: 'CB_BUS_CONFLICT' })
    await bus.close()
    const lock = join(folder, 'closebell.market.v1', '0', 'writer.lock')
    const dead = Number(execFileSync(process.execPath, ['-p', 'process.pid'], { encoding: 'utf8' }))
    for (const left of [`${dead} 123`, `${process.pid} 1`, `${process.ppid} 1`, 'nonsense']) {
      writeFileSync(lock, left)
      const writer = open()
      await writer.publish('market', [message('x', { date: '2023-02-02' })])
      await writer.close()
    }
    const alive = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    try {
      writeFileSync(lock, String(alive.pid))
      await expect(open().publish('market', [message('x')])).rejects.toMatchObject({ code: 'CB_BUS_CONFLICT' })
      rmSync(lock)
    } finally {
      alive.kill()
    }
  })
})

describe('following a tape', () => {
  it('sees what another process appends, once the block is whole', async () => {
    const bus = await withTwoDays()
    const start = statSync(market('2023-02-02')).size
    await bus.publish('market', [message('e', { date: '2023-02-02' })])
    await bus.close()
    const bytes = readFileSync(market('2023-02-02'))
    truncateSync(market('2023-02-02'), start)
    const reader = open()
    const following = reader.read('market', 0, { from: 4, until: 'never' })[Symbol.asyncIterator]()
    let got: readonly string[] = []
    const next = following.next().then(({ value }) => (got = value?.map(textOf) ?? []))
    for (const half of [bytes.subarray(start, start + 30), bytes.subarray(start + 30)]) {
      await realClock.sleep(60)
      expect(got).toEqual([])
      appendFileSync(market('2023-02-02'), half)
    }
    await next
    expect(got).toEqual(['e'])
    await following.return?.()
  })

  it('ends when the tape is closed', async () => {
    const bus = await withTwoDays()
    const texts: string[] = []
    const following = (async () => {
      for await (const batch of bus.read('market', 0, { from: 0, until: 'never' })) texts.push(...batch.map(textOf))
    })()
    await expect.poll(() => texts.length, waits).toBe(4)
    await bus.close()
    await following
  })

  it('a group has one member at a time (CB_BUS_CONFLICT)', async () => {
    const bus = await withTwoDays()
    const membership = await bus.join('market', 'features', new Listener())
    await expect(open().join('market', 'features', new Listener())).rejects.toMatchObject({ code: 'CB_BUS_CONFLICT' })
    await membership.leave()
    await (await bus.join('market', 'features', new Listener())).leave()
  })
})
