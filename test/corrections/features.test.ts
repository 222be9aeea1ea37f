import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import type { Bus, Logged } from '../../src/ports/bus.ts'
import { Random } from '../../src/simulator/random.ts'
import { decode } from '../../src/wire/index.ts'
import type { StreamOutput } from '../../src/workers/features/partition-stream.ts'
import { featuresOf, messagesOf } from '../integration/logged-rows.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { rowBits } from '../streams/reduce.ts'
import { append, correctionRecords, inTimeLog, late, rowsOf } from './corrected-tape.ts'

const random = new Random(seed, 7)
const folders: string[] = []
const opened: Bus[] = []

function tape(): Bus {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-corrections-'))
  folders.push(folder)
  const bus = openTape(folder, { clock: realClock })
  opened.push(bus)
  return bus
}

afterEach(async () => {
  for (const bus of opened.splice(0)) await bus.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function bitsOf(bus: Bus, date: string, revision: number): Promise<Map<string, string>> {
  const own = ({ key }: Logged): boolean => key.startsWith(`${date}|${revision}|`)
  const messages = [...(await messagesOf(bus, 'minutes')), ...(await messagesOf(bus, 'days'))].filter(own)
  return rowBits(messages.map(({ value }) => decode(value) as unknown as StreamOutput))
}

/** The bus of a process that dies after so many publishes: from then on nothing comes through. */
function dying(bus: Bus, count: number) {
  let published = 0
  const publish: Bus['publish'] = async (topic, messages) => {
    if (published === count) throw new RangeError('the process is dead')
    published++
    return bus.publish(topic, messages)
  }
  const proxy = new Proxy(bus, {
    get: (target, name: keyof Bus) => (name === 'publish' ? publish : target[name].bind(target)),
  })
  return { bus: proxy, published: () => published }
}

describe('a features worker that meets a correction', () => {
  it('makes the rows of the day as it would have come in time, and leaves the earlier ones', async () => {
    const { date, log } = await inTimeLog(seed)
    const whole = tape()
    await append(whole, log)
    await featuresOf(whole).run()
    const bus = tape()
    await append(bus, late(log, random))
    await featuresOf(bus, { date }).run()
    const first = await rowsOf(bus, date, 0)
    await bus.publish('market', correctionRecords(date, 1))
    expect((await featuresOf(bus, { date }).run()).corrected).toEqual([`${date} r2`])
    const expected = await bitsOf(whole, date, 0)
    expect(await bitsOf(bus, date, 1)).toEqual(expected)
    expect(await bitsOf(bus, date, 0)).not.toEqual(expected)
    expect(await rowsOf(bus, date, 0)).toEqual(first)
    await bus.publish('market', correctionRecords(date, 2))
    expect((await featuresOf(bus, { date }).run()).corrected).toContain(`${date} r3`)
    expect(await bitsOf(bus, date, 2)).toEqual(expected)
  })

  it('makes the same bytes when it dies at any publish of the revision and starts again', async () => {
    const { date, log } = await inTimeLog(seed)
    const lateOnes = late(log, random)
    const corrected = async (): Promise<Bus> => {
      const bus = tape()
      await append(bus, lateOnes)
      await featuresOf(bus, { date }).run()
      await bus.publish('market', correctionRecords(date, 1))
      return bus
    }
    const undisturbed = dying(await corrected(), Infinity)
    await featuresOf(undisturbed.bus, { date }).run()
    const bus = await corrected()
    const dead = dying(bus, random.below(undisturbed.published()))
    await expect(featuresOf(dead.bus, { date }).run()).rejects.toThrow('the process is dead')
    await featuresOf(bus, { date }).run()
    expect(await rowsOf(bus, date, 1)).toEqual(await rowsOf(undisturbed.bus, date, 1))
  })
})
