import { describe, expect, it } from 'vitest'
import { Client } from '../../src/bus/kafka/client.ts'
import { GroupMember } from '../../src/bus/kafka/group-member.ts'
import { openKafka } from '../../src/bus/kafka/index.ts'
import { Listener, message, waits } from '../contract/bus.ts'
import { realClock } from '../real-clock.ts'
import { withServices } from '../services/real-services.ts'
import { silentLog } from '../silent-log.ts'

const services = await withServices('kafka')
const options = {
  brokers: [`${services?.kafka.host}:${services?.kafka.port}`],
  clientId: 'interruption-test',
  log: silentLog,
  clock: realClock,
}

/** A member on real Kafka whose consumer can be made to tell that the group gathers anew. */
function interruptible(prefix: string) {
  const bus = openKafka({ ...options, prefix })
  let ahead = 0
  const client = new Client({ ...options, clock: { ...realClock, elapsed: () => realClock.elapsed() + ahead } })
  const seen = { lives: 0, heartbeats: 0, interrupt: () => undefined as void }
  const make = client.kafka.consumer.bind(client.kafka)
  const consumer: typeof make = (config) => {
    const real = make(config)
    const on = real.on.bind(real) as (name: string, listener: (event: object) => void) => () => void
    on(real.events.HEARTBEAT, () => void seen.heartbeats++)
    seen.lives++
    const heard = (name: string, listener: (event: object) => void) => {
      if (name === real.events.REBALANCING) seen.interrupt = () => listener({})
      return on(name, listener)
    }
    return Object.assign(real, { on: heard })
  }
  Object.assign(client.kafka, { consumer })
  const name = 'features'
  const place = { topic: 'market', path: `${prefix}.closebell.market.v1`, group: `${prefix}.${name}`, name } as const
  const listener = new Listener()
  const member = new GroupMember(client, place, bus, listener)
  const close = async () => {
    await member.leave()
    await client.close()
    await bus.close()
  }
  return { bus, member, listener, seen, close, skip: (ms: number) => (ahead += ms) }
}

/** As kafkajs does when a heartbeat was refused and the join after it failed too, while the group stayed as it was. */
describe.skipIf(services === null)('an interruption without a join', () => {
  it('lets a member read on in the generation that its heartbeats stand for', async () => {
    const { bus, member, listener, seen, close } = interruptible('interrupted')
    try {
      await bus.createTopics(1)
      await bus.publish('market', [message('before')])
      await member.start()
      await expect.poll(() => listener.texts, waits).toEqual(['before'])
      await expect.poll(() => seen.heartbeats, waits).toBeGreaterThan(0)
      // A broker that has just started refuses the first consumer.
      const { lives } = seen
      seen.interrupt()
      listener.startAt = new Map([[0, 1]])
      await bus.publish('market', [message('after')])
      await expect.poll(() => listener.texts, waits).toEqual(['before', 'after'])
      expect(listener.epochs).toEqual([1, 2])
      expect(listener.overlaps).toBe(0)
      expect(seen.lives).toBe(lives)
    } finally {
      await close()
    }
  })

  it('ends in a new consumer where the generation is not known', async () => {
    const { bus, member, listener, seen, close, skip } = interruptible('unknown')
    try {
      await bus.createTopics(1)
      await member.start()
      const { lives } = seen
      seen.interrupt()
      skip(21_000)
      await bus.publish('market', [message('after')])
      await expect.poll(() => listener.texts, waits).toEqual(['after'])
      expect(seen.lives).toBe(lives + 1)
    } finally {
      await close()
    }
  })
})
