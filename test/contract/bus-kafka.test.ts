import { describe, expect, it } from 'vitest'
import { openKafka, parseKafkaAddress } from '../../src/bus/kafka/index.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { realClock } from '../real-clock.ts'
import { silentLog } from '../silent-log.ts'
import { withServices } from '../services/real-services.ts'
import { busContract, Listener, message, partitions, waits } from './bus.ts'

const services = await withServices('kafka')
const broker = `${services?.kafka.host}:${services?.kafka.port}`

const open = (prefix: string): Bus =>
  openKafka({ brokers: [broker], prefix, clientId: 'bus-test', log: silentLog, clock: realClock })

describe.skipIf(services === null)('kafka', () => {
  busContract('kafka', async () => ({ open: () => open('contract'), stop: async () => undefined }))

  it('deployments with different prefixes share a broker without seeing each other', async () => {
    const one = open('one')
    const two = open('two')
    try {
      await one.createTopics(partitions)
      expect(await two.partitions('market')).toBe(0)
      await two.createTopics(2)
      await one.publish('market', [message('a')])
      expect(await two.offsets('market', 0)).toEqual({ first: 0, next: 0 })
    } finally {
      await Promise.all([one.close(), two.close()])
    }
  })

  it('two members share the partitions, and the one that stays takes over from where the other committed', async () => {
    const bus = open('shared')
    const first = new Listener()
    const second = new Listener()
    try {
      await bus.createTopics(partitions)
      const all = [0, 1, 2, 3]
      await bus.publish(
        'market',
        all.map((partition) => message(`a${partition}`, { partition })),
      )
      const stays = await bus.join('market', 'features', first)
      await expect.poll(() => first.seen.length, waits).toBe(4)
      const leaves = await bus.join('market', 'features', second)
      const owned = (listener: Listener) => listener.assignments.at(-1)?.map(({ partition }) => partition) ?? []
      await expect.poll(() => [owned(first).length, owned(second).length], waits).toEqual([2, 2])
      expect([...owned(first), ...owned(second)].sort()).toEqual(all)

      const taken = owned(second)
      await expect.poll(() => second.seen.length, waits).toBe(2)
      for (const partition of taken) await leaves.commit(partition, { offset: 1, metadata: `day of ${partition}` })
      // The other member no longer owns them: what it commits late must not move its successor's position.
      for (const partition of taken) await stays.commit(partition, { offset: 0, metadata: 'outdated' })
      await leaves.leave()
      await expect.poll(() => owned(first), waits).toEqual(all)
      for (const partition of taken) {
        expect(first.assignments.at(-1)?.[partition]?.committed).toEqual({
          offset: 1,
          metadata: `day of ${partition}`,
        })
      }
      await bus.publish(
        'market',
        taken.map((partition) => message(`b${partition}`, { partition })),
      )
      for (const partition of taken) await expect.poll(() => first.texts, waits).toContain(`b${partition}`)
      expect(first.overlaps + second.overlaps).toBe(0)
      expect(first.epochs).toEqual([...first.epochs].sort((a, b) => a - b))
      await stays.leave()
    } finally {
      await bus.close()
    }
  })

  it('a partition that stays with its member over a rebalance is read on from where the member is', async () => {
    const bus = open('kept')
    const [first, second] = [new Listener(), new Listener()]
    const publish = (text: string) =>
      bus.publish(
        'market',
        [0, 1].map((partition) => message(`${text}${partition}`, { partition })),
      )
    try {
      await bus.createTopics(2)
      await publish('a')
      const stays = await bus.join('market', 'kept', first)
      await expect.poll(() => first.seen.length, waits).toBe(2)
      for (const partition of [0, 1]) await stays.commit(partition, { offset: 0, metadata: '' })
      first.startAt = second.startAt = new Map([
        [0, 1],
        [1, 1],
      ])
      const other = await bus.join('market', 'kept', second)
      await expect
        .poll(() => [first, second].map(({ assignments }) => assignments.at(-1)?.length), waits)
        .toEqual([1, 1])
      await publish('b')
      const texts = () => [...first.texts, ...second.texts]
      for (const text of ['b0', 'b1']) await expect.poll(texts, waits).toContain(text)
      expect(texts().sort()).toEqual(['a0', 'a1', 'b0', 'b1'])
      await Promise.all([stays.leave(), other.leave()])
    } finally {
      await bus.close()
    }
  })

  it('a handler that is still at work is let finish before its partitions are assigned again', async () => {
    const bus = open('slow')
    const steps: string[] = []
    const finish: (() => void)[] = []
    try {
      await bus.createTopics(1)
      await bus.publish('market', [message('a')])
      const slow = await bus.join('market', 'slow', {
        assigned: async (_assignments, epoch) => {
          steps.push(`assigned ${epoch}`)
          return new Map()
        },
        messages: async (_partition, _messages, epoch) => {
          steps.push(`began ${epoch}`)
          if (epoch === 1) await new Promise<void>((resolve) => finish.push(resolve))
          steps.push(`ended ${epoch}`)
        },
      })
      await expect.poll(() => steps, waits).toEqual(['assigned 1', 'began 1'])
      const other = new Listener()
      const joined = await bus.join('market', 'slow', other)
      await expect.poll(() => other.assignments.length, waits).toBe(1)
      expect(steps).toEqual(['assigned 1', 'began 1'])
      for (const end of finish) end()
      await expect.poll(() => steps.slice(0, 4), waits).toEqual(['assigned 1', 'began 1', 'ended 1', 'assigned 2'])
      await slow.leave()
      await joined.leave()
    } finally {
      await bus.close()
    }
  })
})

describe('kafka without a broker', () => {
  it('says within 10 s that it cannot be reached', async () => {
    const bus = openKafka({
      brokers: ['127.0.0.1:1'],
      prefix: '',
      clientId: 'bus-test',
      log: silentLog,
      clock: realClock,
    })
    await expect(bus.partitions('market')).rejects.toMatchObject({ code: 'CB_BUS_UNREACHABLE' })
    await bus.close()
  }, 10_000)
})

describe('parseKafkaAddress', () => {
  it('reads brokers and prefix', () => {
    expect(parseKafkaAddress('kafka://localhost:9092')).toEqual({ brokers: ['localhost:9092'], prefix: '' })
    expect(parseKafkaAddress('kafka://a:1,b.c:2/desk-1')).toEqual({ brokers: ['a:1', 'b.c:2'], prefix: 'desk-1' })
    expect(parseKafkaAddress('kafka://[::1]:9092/')).toEqual({ brokers: ['[::1]:9092'], prefix: '' })
  })

  it.each(['kafka://', 'kafka://host', 'host:9092', 'kafka://host:9092/a/b', 'kafka://host:9092/a b'])(
    'refuses %s',
    (text) => {
      expect(() => parseKafkaAddress(text)).toThrow(expect.objectContaining({ code: 'CB_CONFIG' }))
    },
  )
})
