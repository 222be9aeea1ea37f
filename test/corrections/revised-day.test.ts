import { beforeAll, describe, expect, it } from 'vitest'
import type { FlowSizing } from '../../schemas/rows.ts'
import { Random } from '../../src/simulator/random.ts'
import type { Logged } from '../../src/ports/bus.ts'
import type { StreamOutput } from '../../src/workers/features/partition-stream.ts'
import { revisedRows } from '../../src/workers/features/revised-day.ts'
import { codecs, decode } from '../../src/wire/index.ts'
import { MemoryBus } from '../feeds/memory-bus.ts'
import { seed } from '../seed.ts'
import { drawnLayout, drawnTape } from '../streams/drawn-tape.ts'
import { marketLog, producer, referenceOf } from '../streams/market-log.ts'
import { closedOf, rowBits, settingsOf, takeAll } from '../streams/reduce.ts'
import type { Tape } from '../streams/tape-text.ts'
import { lateLog, renumbered } from './late-log.ts'

// Goal: a corrected day has the bits of the day on which everything had come in time. Method: parts of a drawn day come
// late in every way that there is, and the revision is held against the day in which they did not.

const random = new Random(seed, 6)
const sizings: readonly FlowSizing[] = ['order', 'filled', 'trade']
let tape: Tape

beforeAll(async () => {
  tape = await drawnTape(seed)
})

const known = () =>
  [...new Set(tape.ticks.map(({ instrument }) => instrument))].map((symbol) => referenceOf(symbol, {}))

const correction = (revision = 1) =>
  codecs.correction.encode({ date: tape.date, partition: 0, revision, cause: 'late', retract: false })

/** What the revisions give that are started behind a log, one after another. */
async function revised(messages: readonly Logged[], sizing: FlowSizing, revision = 1): Promise<StreamOutput[]> {
  const bus = new MemoryBus()
  await bus.createTopics(1)
  await bus.publish('market', [...messages, { ...messages[0], value: correction(revision) }])
  const logged = { offset: messages.length, value: decode(correction(revision)).value as never }
  const outputs: StreamOutput[] = []
  for await (const some of revisedRows(bus, 0, settingsOf(sizing), logged)) outputs.push(...some)
  return outputs
}

const inTime = (): Logged[] => marketLog(tape, drawnLayout(random, 1, 60), known())[0]

async function holdsFor(late: readonly Logged[], expected: readonly StreamOutput[], sizing: FlowSizing): Promise<void> {
  const outputs = await revised(late, sizing)
  expect(rowBits(outputs)).toEqual(rowBits(expected))
  const { eventsIn, eventsUsed, eventsLate, eventsQuarantined, degraded, missing, rows } = closedOf(expected)
  expect(closedOf(outputs)).toMatchObject({
    revision: 1,
    ...{ eventsIn, eventsUsed, eventsLate, eventsQuarantined, degraded, missing, rows },
  })
}

describe('the revision of a day', () => {
  it.each(sizings)('has what came late in its place, whenever it came (%s)', async (sizing) => {
    const messages = inTime()
    const expected = takeAll(messages, settingsOf(sizing))
    const late = renumbered(lateLog(messages, random))
    const first = closedOf(takeAll(late, settingsOf(sizing)))
    expect(first.eventsUsed).toBeLessThan(closedOf(expected).eventsUsed)
    await holdsFor(late, expected, sizing)
  })

  it('has what a chain sent that had been given up', async () => {
    const messages = inTime()
    const [channel] = [...new Set(tape.ticks.map((tick) => tick.channel))]
    const at = 3 + random.below(messages.length - 3)
    const value = codecs.chainLost.encode({ date: tape.date, producer, channel, partition: 0 })
    const late = messages.toSpliced(at, 0, { ...messages[0], value }).map((one, offset) => ({ ...one, offset }))
    await holdsFor(late, takeAll(messages), 'order')
  })

  it('has what came behind a deadline', async () => {
    const messages = inTime()
    const at = 3 + random.below(messages.length - 3)
    const value = codecs.deadline.encode({ date: tape.date, partition: 0 })
    const late = messages.toSpliced(at, 0, { ...messages[0], value }).map((one, offset) => ({ ...one, offset }))
    expect(closedOf(takeAll(late)).degraded).toBe(true)
    await holdsFor(late, takeAll(messages), 'order')
  })

  it('is the first revision where nothing came late, and again where batches came twice', async () => {
    const messages = inTime()
    const doubled = [...messages, ...messages.filter(() => random.uniform() < 0.3)]
    await holdsFor(
      doubled.map((one, offset) => ({ ...one, offset })),
      takeAll(messages),
      'order',
    )
  })

  it('uses an event once that comes again under another number', async () => {
    const messages = inTime()
    const batches = messages.filter(({ value }) => decode(value).kind === 'tickBatch')
    const again = batches[random.below(batches.length)]
    const late = renumbered([...messages, again].map((one, offset) => ({ ...one, offset })))
    const outputs = await revised(late, 'order')
    expect(rowBits(outputs)).toEqual(rowBits(takeAll(messages)))
    const { count } = codecs.tickBatch.decode(again.value)
    expect(closedOf(outputs).eventsLate).toBe(count)
  })

  it('is not started by a record that says again what another said, nor of a day that is open', async () => {
    const messages = inTime()
    const twice = [...messages, { ...messages[0], value: correction(), offset: messages.length }]
    expect(await revised(twice, 'order')).toEqual([])
    expect(closedOf(await revised(twice, 'order', 2)).revision).toBe(2)
    expect(await revised(messages.slice(0, -1), 'order')).toEqual([])
  })
})
