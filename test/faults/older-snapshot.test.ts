import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { featuresOf, loggedBits, repeats } from '../integration/logged-rows.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { silentLog } from '../silent-log.ts'
import { fed, smallMarket } from './simulated-day.ts'

const folder = mkdtempSync(join(tmpdir(), 'closebell-older-'))
const market = smallMarket(seed)
const date = market.dates[0]
const file = join(folder, 'state', `market-0-${date}.snapshot`)
let expected = new Map<string, string>()

const tape = (name: string): Bus => openTape(join(folder, name), { clock: realClock })
const copy = (name: string): Bus => {
  cpSync(join(folder, 'half'), join(folder, name), { recursive: true })
  return tape(name)
}

beforeAll(async () => {
  const bus = tape('fed')
  await fed(market, bus, 1)
  await bus.close()
  cpSync(join(folder, 'fed'), join(folder, 'half'), { recursive: true })
  const whole = tape('fed')
  await featuresOf(whole, { date }).run()
  expected = await loggedBits(whole)
  await whole.close()

  // A worker that stops in the middle of the day leaves a snapshot of it.
  const half = tape('half')
  const { next } = await half.offsets('market', 0)
  const stop = new AbortController()
  const read: Bus = {
    createTopics: (partitions) => half.createTopics(partitions),
    partitions: (topic) => half.partitions(topic),
    publish: (topic, messages) => half.publish(topic, messages),
    read: (topic, partition, options) => half.read(topic, partition, options),
    offsets: (topic, partition) => half.offsets(topic, partition),
    offsetOfDate: (topic, partition, day) => half.offsetOfDate(topic, partition, day),
    committed: (topic, group) => half.committed(topic, group),
    join: (topic, group, handlers) =>
      half.join(topic, group, {
        assigned: (assignments, epoch) => handlers.assigned(assignments, epoch),
        messages: async (partition, messages, epoch) => {
          const wanted = messages.filter(({ offset }) => offset < next >> 1)
          if (wanted.length > 0) await handlers.messages(partition, wanted, epoch)
          stop.abort()
        },
      }),
    close: () => half.close(),
  }
  await featuresOf(read, { date, state: join(folder, 'state'), snapshotIntervalMs: 0, signal: stop.signal }).run()
  await half.close()
  expect(existsSync(file)).toBe(true)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The snapshot with another head, under a good checksum. */
function rewritten(change: (identity: Record<string, unknown>) => void): Buffer {
  const bytes = readFileSync(file)
  const length = bytes.readUInt32LE(8)
  const head = JSON.parse(bytes.subarray(12, 12 + length).toString()) as { identity: Record<string, unknown> }
  change(head.identity)
  const json = Buffer.from(JSON.stringify(head))
  const size = Buffer.alloc(4)
  size.writeUInt32LE(json.length)
  const body = Buffer.concat([bytes.subarray(0, 8), size, json, bytes.subarray(12 + length, bytes.length - 4)])
  const crc = Buffer.alloc(4)
  crc.writeUInt32LE(crc32(body))
  return Buffer.concat([body, crc])
}

describe('a worker that meets a snapshot of', () => {
  it.each([
    ['its own version goes on behind it', () => undefined, null],
    ['an older release reads the day again', (head) => (head['codeVersion'] = '0.0.1'), /codeVersion is 0\.0\.1/],
    ['other schemas reads the day again', (head) => (head['schemas'] = 'ffffffffffffffff'), /schemas is f+/],
    ['a release without a field reads the day again', (head) => delete head['schemas'], /schemas is undefined/],
  ] as [string, (head: Record<string, unknown>) => void, RegExp | null][])(
    '%s, to the same rows',
    async (name, change, said) => {
      const state = join(folder, `state of ${name}`)
      cpSync(join(folder, 'state'), state, { recursive: true })
      writeFileSync(join(state, `market-0-${date}.snapshot`), rewritten(change))
      const bus = copy(name.replaceAll(' ', '-'))
      const warnings: string[] = []
      const log = { ...silentLog, warn: (text: string, facts?: object) => warnings.push(text + JSON.stringify(facts)) }
      const done = await featuresOf(bus, { date, state, log }).run()
      if (said === null) expect(warnings).toEqual([])
      else expect(warnings.join()).toMatch(said)
      const { next } = await bus.offsets('market', 0)
      expect(done.messages === next).toBe(said !== null)
      expect(await loggedBits(bus)).toEqual(expected)
      for (const topic of ['minutes', 'days'] as const) expect((await repeats(bus, topic)).differing).toEqual([])
      await bus.close()
    },
  )
})
