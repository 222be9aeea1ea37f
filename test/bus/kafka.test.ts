import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { describe, expect, it } from 'vitest'
import { openKafka } from '../../src/bus/kafka/index.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { down, up } from '../../src/services/index.ts'
import { Listener, message, readAll, textOf, waits } from '../contract/bus.ts'
import { realClock } from '../real-clock.ts'
import { withServices } from '../services/real-services.ts'
import { silentLog } from '../silent-log.ts'

const services = await withServices('kafka')
const shared = `${services?.kafka.host}:${services?.kafka.port}`

const open = (prefix: string, broker = shared): Bus =>
  openKafka({ brokers: [broker], prefix, clientId: 'bus-test', log: silentLog, clock: realClock })

/** Lets retention remove the beginning of a market partition at once. */
async function removeBefore(prefix: string, offset: number): Promise<void> {
  const admin = new Kafka({ brokers: [shared], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const topic = `${prefix}.closebell.market.v1`
  // Deleting works on metadata that kafkajs must have read before.
  await admin.fetchTopicOffsets(topic)
  await admin.deleteTopicRecords({
    topic,
    partitions: [{ partition: 0, offset: String(offset) }],
  })
  await admin.disconnect()
}

describe.skipIf(services === null)('kafka under faults', () => {
  it('removed records are an error, not a silent jump, and keep the committed offset (CB_BUS_GAP)', async () => {
    const bus = open('gap')
    try {
      await bus.createTopics(1)
      await bus.publish(
        'market',
        ['a', 'b', 'c', 'd'].map((text) => message(text)),
      )
      const first = new Listener()
      const member = await bus.join('market', 'features', first)
      await expect.poll(() => first.seen.length, waits).toBe(4)
      await member.commit(0, { offset: 1, metadata: 'day' })
      await member.leave()
      await removeBefore('gap', 3)
      expect(await bus.offsets('market', 0)).toEqual({ first: 3, next: 4 })
      await expect(readAll(bus, 'market', 0, 1)).rejects.toMatchObject({ code: 'CB_BUS_GAP' })
      expect((await readAll(bus, 'market', 0, 3)).map(textOf)).toEqual(['d'])
      for (let attempt = 0; attempt < 2; attempt++) {
        const listener = new Listener()
        const again = await bus.join('market', 'features', listener)
        await expect(again.done).rejects.toMatchObject({ code: 'CB_BUS_GAP' })
        expect(listener.assignments[0]?.[0]?.committed).toEqual({ offset: 1, metadata: 'day' })
        expect(listener.seen).toEqual([])
      }
    } finally {
      await bus.close()
    }
  })

  it('records that are removed under a slow reader are an error too (CB_BUS_GAP)', async () => {
    const bus = open('lagging')
    try {
      await bus.createTopics(1)
      const value = new Uint8Array(1024 * 1024)
      for (let count = 0; count < 30; count++) await bus.publish('market', [message('', { value })])
      const reading = async () => {
        for await (const batch of bus.read('market', 0, { from: 0, until: 'end' })) {
          if (batch[0]?.offset === 0) await removeBefore('lagging', 29)
        }
      }
      await expect(reading()).rejects.toMatchObject({ code: 'CB_BUS_GAP' })
    } finally {
      await bus.close()
    }
  })

  it('a closed bus leaves no connection open', async () => {
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
    const before = sockets()
    const bus = open('closed')
    await bus.createTopics(2)
    await bus.publish('market', [message('a')])
    const listener = new Listener()
    const member = await bus.join('market', 'features', listener)
    await expect.poll(() => listener.seen.length, waits).toBe(1)
    for await (const batch of bus.read('market', 0, { from: 0, until: 'never' })) if (batch.length > 0) break
    expect(sockets()).toBeGreaterThan(before)
    await member.leave()
    await bus.close()
    await expect.poll(sockets, waits).toBeLessThanOrEqual(before)
  })

  it('a member that leaves while it is still joining leaves nothing behind that holds partitions', async () => {
    const bus = open('hasty')
    try {
      await bus.createTopics(1)
      for (let count = 0; count < 3; count++) await (await bus.join('market', 'features', new Listener())).leave()
      const listener = new Listener()
      const member = await bus.join('market', 'features', listener)
      await expect.poll(() => listener.assignments.at(-1)?.length, { timeout: 30_000 }).toBe(1)
      await member.leave()
    } finally {
      await bus.close()
    }
  })

  it(
    'a broker that is killed and comes back loses and repeats nothing for writer, reader and member',
    { timeout: 400_000 },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'closebell-broker-'))
      const { kafka } = await up({ folder, questdb: false })
      const bus = open('', `127.0.0.1:${kafka!.port}`)
      const stopping = new AbortController()
      try {
        await bus.createTopics(1)
        const read: string[] = []
        const following = (async () => {
          const options = { from: 0, until: 'never', signal: stopping.signal } as const
          for await (const batch of bus.read('market', 0, options)) read.push(...batch.map(textOf))
        })()
        const listener = new Listener()
        const member = await bus.join('market', 'features', listener)
        await bus.publish('market', [message('0')])
        await expect.poll(() => listener.texts, waits).toEqual(['0'])
        await member.commit(0, { offset: 1, metadata: '' })
        listener.startAt = new Map([[0, 1]])

        process.kill(kafka!.pid, 'SIGKILL')
        const publishing = Promise.all(['1', '2', '3'].map((text) => bus.publish('market', [message(text)])))
        const back = await up({ folder, questdb: false, kafkaPort: kafka!.port })
        expect(back.kafka?.port).toBe(kafka?.port)
        expect(await publishing).toEqual([1, 2, 3])
        await expect.poll(() => read, { timeout: 120_000 }).toEqual(['0', '1', '2', '3'])
        await expect.poll(() => [...new Set(listener.texts)], { timeout: 120_000 }).toEqual(['0', '1', '2', '3'])
        expect(listener.overlaps).toBe(0)
        stopping.abort()
        await following
        await member.leave()
      } finally {
        await bus.close()
        await down({ folder })
        rmSync(folder, { recursive: true })
      }
    },
  )
})
