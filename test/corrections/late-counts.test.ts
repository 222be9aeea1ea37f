import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { StatusTick } from '../../src/monitor/protocol/messages.ts'
import { Random } from '../../src/simulator/random.ts'
import { codecs, kindOf } from '../../src/wire/index.ts'
import { withPublish, outgoing } from '../faults/closing-market.ts'
import { fed, smallMarket } from '../faults/simulated-day.ts'
import { MemoryBus } from '../feeds/memory-bus.ts'
import { featuresOf, messagesOf } from '../integration/logged-rows.ts'
import { readStream, watchSession, type MonitoredSession } from '../monitor/monitored-session.ts'
import { seed } from '../seed.ts'
import { late, partitions } from './corrected-tape.ts'

describe('late events', () => {
  const market = smallMarket(seed)
  let session: MonitoredSession

  beforeAll(async () => {
    session = await watchSession(market)
    const whole = new MemoryBus()
    await fed(market, whole, partitions)
    for (const messages of late(whole.log, new Random(seed, 11)))
      await session.bus.publish('market', messages.map(outgoing))
  })
  afterAll(() => session.stop())

  it('are counted once each, and alike by the worker, in its topic, at the cut and by the monitor', async () => {
    const { bus, url } = session
    const dying = withPublish(bus, (topic, messages) =>
      topic === 'days' ? Promise.reject(new RangeError('dead')) : bus.publish(topic, messages),
    )
    await expect(featuresOf(dying).run()).rejects.toThrow('dead')
    const summary = await featuresOf(bus).run()
    const topic = await messagesOf(bus, 'late')
    const keys = new Set(topic.map(({ key }) => key))
    // The one that died had told of them, and the one that came after it did so again.
    expect(topic.length).toBeGreaterThan(keys.size)
    const all = [0, 1]
    const inTopic = all.map((partition) => [...keys].filter((key) => key.startsWith(`${partition}|`)).length)
    const ends = (await messagesOf(bus, 'days')).filter(({ value }) => kindOf(value) === 'partitionClosed')
    const atCut = ends.map(({ value }) => codecs.partitionClosed.decode(value).eventsLate)
    const isClosed = (status: StatusTick | null) => status?.parts.every(({ closed }) => closed !== 'no') === true
    const status = statusOf(await readStream(url, [], (events) => isClosed(statusOf(events))))
    const watched = status?.parts.map(({ lateEvents }) => lateEvents)
    expect([atCut, watched, summary.late]).toEqual([inTopic, inTopic, keys.size])
  })
})

function statusOf(events: readonly Awaited<ReturnType<typeof readStream>>[number][]): StatusTick | null {
  const last = events.findLast(({ type }) => type === 'status')
  return last === undefined ? null : (JSON.parse(last.data[0]) as StatusTick)
}
