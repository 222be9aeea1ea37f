import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openKafka } from '../../src/bus/kafka/index.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { Random } from '../../src/simulator/random.ts'
import { build } from '../cli/run-closebell.ts'
import { compiledChild } from '../faults/compiled-child.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { withServices } from '../services/real-services.ts'
import { silentLog } from '../silent-log.ts'
import { closeDay, publish, publishFactors } from './closed-days.ts'
import { follow } from './reader.ts'

// Goal: a subscriber that is killed at any instant and started again gets every day, whole; one that it has asked on
// from never again, the one in its hands once more. Method: a child kills itself at drawn instants, run after run,
// until one lives to the end; what each run must print follows from where the one before it had committed.

type Instant = readonly [where: 'received' | 'asked' | 'committed' | 'never', count: number]

const services = await withServices('kafka')
const random = new Random(seed, 97)
const dates = ['2024-03-11', '2024-03-12', '2024-03-13', '2024-03-14', '2024-03-15', '2024-03-18'] as const

let folder = ''
let child = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'closebell-reader-kill-'))
  await build()
  child = compiledChild(join(import.meta.dirname, 'reader-child.ts'), folder)
}, 300_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Six days; the third comes twice, the fourth is retracted. */
async function publishDays(bus: Bus): Promise<void> {
  await bus.createTopics(1)
  for (const date of dates) {
    await closeDay(bus, date)
    if (date === dates[2]) await publish(bus, 'completed', date, await publishFactors(bus, date))
    if (date === dates[3]) await closeDay(bus, date, { revision: 1, retracted: true, cause: 'bad prints' })
  }
}

/** What a reader without a group is given, as the child prints it. */
async function linesOf(bus: Bus): Promise<string[]> {
  const lines: string[] = []
  for await (const event of follow(bus, { from: dates[0] })) {
    if (event.type === 'heartbeat') continue
    const text = JSON.stringify(event, (_, value: unknown) =>
      value instanceof Float64Array
        ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')
        : value,
    )
    lines.push(`${event.type} ${event.date} ${createHash('sha256').update(text).digest('hex')}`)
    if (lines.length === dates.length + 1) break
  }
  return lines
}

function run(url: string, [where, count]: Instant) {
  const started = spawn(process.execPath, [child, url, 'desk', dates[0], where, String(count)])
  let printed = ''
  let errors = ''
  started.stdout.on('data', (bytes: Buffer) => (printed += bytes.toString()))
  started.stderr.on('data', (bytes: Buffer) => (errors += bytes.toString()))
  return new Promise<{ signal: string | null; lines: string[]; errors: string }>((resolve) =>
    started.once('close', (_, signal) =>
      resolve({ signal, errors, lines: printed.split('\n').filter((line) => line !== '') }),
    ),
  )
}

/** Kills run after run, then lets one live. A repeat in `completed` is committed too, without a day of its own. */
async function killAndGoOn(url: string, lines: readonly string[], instants: readonly Instant[]): Promise<void> {
  const repeatBehind = 3
  let place = 0
  let isPast = false
  const given: string[] = []
  for (const [where, drawn] of [...instants, ['never', 0] as const]) {
    const isKilled = where !== 'never'
    // Commits count the repeat behind the third day.
    const passesRepeat = !isPast && where !== 'received' && place + drawn > repeatBehind
    const count = passesRepeat ? drawn + 1 : drawn
    const { signal, lines: printed, errors } = await run(url, [where, count])
    const until = isKilled ? place + drawn : lines.length
    expect({ where, drawn, place, signal, errors, printed }).toEqual({
      ...{ where, drawn, place, errors: '' },
      signal: isKilled ? 'SIGKILL' : null,
      printed: lines.slice(place, until),
    })
    given.push(...printed)
    isPast ||= until > repeatBehind
    place = where === 'committed' ? until : until - 1
  }
  expect([...new Set(given)]).toEqual(lines)
}

const drawn = (kills: number, most: number): Instant[] =>
  Array.from({ length: kills }, (): Instant => {
    const where = (['received', 'asked', 'committed'] as const)[random.below(3)]
    return [where, 1 + random.below(most)]
  })

describe('a subscriber that is killed and started again', () => {
  it('on a tape gets every day, whole, and none that it had asked on from', { timeout: 120_000 }, async () => {
    const bus = openTape(join(folder, 'tape'), { clock: realClock })
    await publishDays(bus)
    const lines = await linesOf(bus)
    await killAndGoOn(`tape:${join(folder, 'tape')}`, lines, [
      ['received', 1],
      ['asked', 1],
      ['committed', 1],
      ...drawn(2, 2),
    ])
    await bus.close()
  })

  it.skipIf(services === null)('over Kafka just so', { timeout: 180_000 }, async () => {
    const broker = `${services?.kafka.host}:${services?.kafka.port}`
    const prefix = `reader-kill-${process.pid}`
    const bus = openKafka({ brokers: [broker], prefix, clientId: 'reader-kill', log: silentLog, clock: realClock })
    await publishDays(bus)
    await killAndGoOn(`kafka://${broker}/${prefix}`, await linesOf(bus), drawn(2, 3))
    await bus.close()
  })
})
