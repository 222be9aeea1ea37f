import { Kafka, logLevel } from 'kafkajs'
import { afterAll, describe, expect, it } from 'vitest'
import { topicPath } from '../../schemas/topics.ts'
import { openKafka } from '../../src/bus/kafka/index.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { kindOf } from '../../src/wire/index.ts'
import { startHeartbeat } from '../../src/workers/status/heartbeat.ts'
import { readStatusBoard } from '../../src/workers/status/status-board.ts'
import { featuresOf, messagesOf } from '../integration/logged-rows.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { withServices } from '../services/real-services.ts'
import { silentLog } from '../silent-log.ts'
import { fed, smallMarket } from './simulated-day.ts'

const services = await withServices('kafka')
const broker = `${services?.kafka.host}:${services?.kafka.port}`
const buses: Bus[] = []
afterAll(() => Promise.all(buses.map((bus) => bus.close())))

const market = smallMarket(seed, 6)
const [date] = market.dates

function open(prefix: string): Bus {
  const bus = openKafka({ brokers: [broker], prefix, clientId: prefix, clock: realClock, log: silentLog })
  buses.push(bus)
  return bus
}

/** The broker deletes what lies before an offset of a partition of the market log, as retention does. */
async function removeBefore(prefix: string, partition: number, offset: number): Promise<void> {
  const admin = new Kafka({ brokers: [broker], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const topic = `${prefix}.${topicPath('market')}`
  // Deleting works on metadata that kafkajs must have read before.
  await admin.fetchTopicOffsets(topic)
  await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] })
  await admin.disconnect()
}

const closedPartitions = async (bus: Bus): Promise<number[]> =>
  (await messagesOf(bus, 'days')).flatMap(({ value, partition }) =>
    kindOf(value) === 'partitionClosed' ? [partition] : [],
  )

describe.skipIf(services === null)('a broker that deleted records', () => {
  it('before the opening was read: that partition stands still, the worker of the day says so and ends', async () => {
    const prefix = `opening${Date.now()}`
    const bus = open(prefix)
    await fed(market, bus)
    await removeBefore(prefix, 1, 3)
    await expect(featuresOf(bus, { date }).run()).rejects.toMatchObject({
      code: 'CB_OFFSET_LOST',
      fact: `market/1 begins at offset 3, in the middle of ${date}: its opening is gone`,
    })
    expect(await closedPartitions(bus)).toEqual([0])
    expect(await messagesOf(bus, 'quarantine')).toEqual([])
  }, 60_000)

  it('before the position of a service: it halts that partition, says so, and goes on with the others', async () => {
    const prefix = `service${Date.now()}`
    const bus = open(prefix)
    await fed(market, bus)
    const first = new AbortController()
    const running = featuresOf(bus, { end: 'never', signal: first.signal }).run()
    await expect.poll(() => closedPartitions(bus), { timeout: 30_000 }).toHaveLength(2)
    first.abort()
    await running
    await removeBefore(prefix, 0, (await bus.offsets('market', 0)).next)

    const stop = new AbortController()
    const heartbeat = startHeartbeat({
      bus,
      clock: realClock,
      log: silentLog,
      worker: 'features',
      owner: 'features-a',
      intervalMs: 100,
    })
    const again = featuresOf(bus, { end: 'never', signal: stop.signal, heartbeat }).run()
    again.catch(() => undefined)
    const stages = async () =>
      (await readStatusBoard(bus)).reports('features').map(({ stage, detail }) => [stage, detail])
    await expect.poll(stages, { timeout: 30_000 }).toEqual([
      ['halted', expect.stringMatching(/^CB_OFFSET_LOST: offset \d+ of .*market.*\/0 was asked for/)],
      ['closed', ''],
    ])
    stop.abort()
    await expect(again).rejects.toMatchObject({ code: 'CB_OFFSET_LOST' })
    await heartbeat.stop()
  }, 60_000)
})
