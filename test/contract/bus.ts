import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TopicName } from '../../schemas/topics.ts'
import type { Assignment, Bus, GroupHandlers, Logged, Outgoing } from '../../src/ports/bus.ts'

/** What an adapter brings to the suite: buses on one and the same log, which begins empty. */
export interface BusHarness {
  open(): Bus
  stop(): Promise<void>
}

export const partitions = 4

export const message = (text: string, more: Partial<Outgoing> = {}): Outgoing => ({
  partition: 0,
  date: '2023-02-01',
  key: 'cn-l2/sse-6',
  value: Buffer.from(text),
  ...more,
})

export const textOf = ({ value }: Logged): string => Buffer.from(value).toString()

export async function readAll(bus: Bus, topic: TopicName, partition: number, from = 0): Promise<Logged[]> {
  const all: Logged[] = []
  for await (const batch of bus.read(topic, partition, { from, until: 'end' })) all.push(...batch)
  return all
}

/** A member's record of what it was given. It waits in `assigned`, if asked to, and answers where to begin. */
export class Listener implements GroupHandlers {
  readonly assignments: (readonly Assignment[])[] = []
  readonly seen: Logged[] = []
  readonly epochs: number[] = []
  overlaps = 0
  startAt: ReadonlyMap<number, number> = new Map()
  readonly #busy = new Set<number>()

  async assigned(assignments: readonly Assignment[], epoch: number): Promise<ReadonlyMap<number, number>> {
    if (this.#busy.size > 0) this.overlaps += 1
    this.assignments.push(assignments)
    this.epochs.push(epoch)
    return this.startAt
  }

  async messages(partition: number, messages: readonly Logged[], epoch: number): Promise<void> {
    if (this.#busy.has(partition) || epoch !== this.epochs.at(-1)) this.overlaps += 1
    this.#busy.add(partition)
    await new Promise((resolve) => setTimeout(resolve, 2))
    this.seen.push(...messages)
    this.#busy.delete(partition)
  }

  get texts(): string[] {
    return this.seen.map(textOf)
  }
}

export const waits = { timeout: 20_000, interval: 10 }

/** The contract of the Bus port; every test uses topics or partitions of its own, so that one log serves them all. */
export function busContract(name: string, start: () => Promise<BusHarness>): void {
  describe(`Bus contract: ${name}`, () => {
    let harness: BusHarness
    let bus: Bus

    beforeAll(async () => {
      harness = await start()
      bus = harness.open()
      await bus.createTopics(partitions)
    })
    afterAll(async () => {
      await bus.close()
      await harness.stop()
    })

    describe('topics', () => {
      it('are there once created, with their partitions, and creating them again changes nothing', async () => {
        await bus.createTopics(partitions)
        expect(await bus.partitions('market')).toBe(partitions)
        expect(await bus.partitions('jobs')).toBe(2)
        expect(await bus.partitions('ml-c')).toBe(1)
      })

      it('of another P are refused: P is fixed when the topic is created', async () => {
        await expect(bus.createTopics(partitions + 1)).rejects.toMatchObject({ code: 'CB_CONFIG' })
      })

      it('that do not exist have 0 partitions and take no message', async () => {
        const unknown = 'no-such' as TopicName
        expect(await bus.partitions(unknown)).toBe(0)
        await expect(bus.publish(unknown, [message('a')])).rejects.toMatchObject({ code: 'CB_ABSENT' })
        await expect(bus.offsets(unknown, 0)).rejects.toMatchObject({ code: 'CB_ABSENT' })
        await expect(bus.publish('days', [message('a', { partition: partitions })])).rejects.toMatchObject({
          code: 'CB_ABSENT',
        })
      })
    })

    describe('publish and read', () => {
      it('until the end of an empty partition gives nothing, at once', async () => {
        expect(await readAll(bus, 'panels', 0)).toEqual([])
        expect(await bus.offsets('panels', 0)).toEqual({ first: 0, next: 0 })
        expect(await bus.offsetOfDate('panels', 0, '2023-02-01')).toBe(0)
      })

      it('gives messages back whole, in order, with offsets from 0 without holes', async () => {
        const before = Date.now()
        expect(await bus.publish('inputs', [message('a'), message('b', { key: 'ключ', date: '2023-02-02' })])).toBe(0)
        expect(await bus.publish('inputs', [message('c', { date: '2023-02-02', value: new Uint8Array(0) })])).toBe(2)
        const all = await readAll(bus, 'inputs', 0)
        expect(all.map(({ offset, key, date }) => [offset, key, date])).toEqual([
          [0, 'cn-l2/sse-6', '2023-02-01'],
          [1, 'ключ', '2023-02-02'],
          [2, 'cn-l2/sse-6', '2023-02-02'],
        ])
        expect(all.map(textOf)).toEqual(['a', 'b', ''])
        expect(all.every(({ topic, partition }) => topic === 'inputs' && partition === 0)).toBe(true)
        for (const { appendedAt } of all) expect(Math.abs(appendedAt - before)).toBeLessThan(60_000)
      })

      it('keeps partitions apart, also those of one call', async () => {
        const call = [1, 2, 1, 3].map((partition, index) => message(`m${index}`, { partition }))
        expect(await bus.publish('market', call)).toBe(0)
        expect((await readAll(bus, 'market', 1)).map(textOf)).toEqual(['m0', 'm2'])
        expect((await readAll(bus, 'market', 2)).map(textOf)).toEqual(['m1'])
        expect((await readAll(bus, 'market', 0)).map(textOf)).toEqual([])
      })

      it('takes up in the middle, and stops at the end as it was when reading began', async () => {
        await bus.publish(
          'results',
          Array.from({ length: 500 }, (_, index) => message(`${index}`)),
        )
        const texts: string[] = []
        for await (const batch of bus.read('results', 0, { from: 123, until: 'end' })) {
          if (texts.length === 0) await bus.publish('results', [message('later')])
          texts.push(...batch.map(textOf))
        }
        expect(texts).toEqual(Array.from({ length: 377 }, (_, index) => `${index + 123}`))
      })

      it('appends concurrent calls in the order in which they were made', async () => {
        const texts = Array.from({ length: 40 }, (_, index) => `${index}`)
        const offsets = await Promise.all(texts.map((text) => bus.publish('completed', [message(text)])))
        expect(offsets).toEqual(texts.map(Number))
        expect((await readAll(bus, 'completed', 0)).map(textOf)).toEqual(texts)
      })

      it('carries messages of 2 MB, several in one call', async () => {
        const sizes = [2 * 1024 * 1024, 10, 2 * 1024 * 1024 + 7]
        const big = sizes.map((size, index) => message('', { value: new Uint8Array(size).fill(index + 1) }))
        await bus.publish('factor-pv', big)
        const all = await readAll(bus, 'factor-pv', 0)
        expect(all.map(({ value }) => value.length)).toEqual(sizes)
        for (const [index, { value }] of all.entries()) expect(value.every((byte) => byte === index + 1)).toBe(true)
      })

      it('refuses an offset outside of what is kept (CB_BUS_GAP)', async () => {
        await bus.publish('ml-c', [message('a')])
        await expect(readAll(bus, 'ml-c', 0, 2)).rejects.toMatchObject({ code: 'CB_BUS_GAP' })
        expect(await readAll(bus, 'ml-c', 0, 1)).toEqual([])
      })

      it('follows the log until told to stop', async () => {
        const stopping = new AbortController()
        const texts: string[] = []
        const following = (async () => {
          const options = { from: 0, until: 'never', signal: stopping.signal } as const
          for await (const batch of bus.read('late', 0, options)) texts.push(...batch.map(textOf))
        })()
        for (const [index, date] of ['2023-02-01', '2023-02-01', '2023-02-02'].entries()) {
          await bus.publish('late', [message(`${index}`, { date })])
          await expect.poll(() => texts.length, waits).toBe(index + 1)
        }
        stopping.abort()
        await following
        expect(texts).toEqual(['0', '1', '2'])
      })

      it('shows another bus what was published, and follows for it too', async () => {
        const other = harness.open()
        try {
          await bus.publish('status', [message('a')])
          expect((await readAll(other, 'status', 0)).map(textOf)).toEqual(['a'])
          const next = other.read('status', 0, { from: 1, until: 'never' })[Symbol.asyncIterator]()
          const coming = next.next()
          await bus.publish('status', [message('b')])
          expect((await coming).value?.map(textOf)).toEqual(['b'])
          await next.return?.()
        } finally {
          await other.close()
        }
      })

      it('finds the first message of a date or later', async () => {
        const dates = ['2023-01-30', '2023-01-31', '2023-01-31', '2023-02-02', '2023-02-02', '2023-02-02']
        for (const date of dates) await bus.publish('quarantine', [message(date, { date })])
        const find = (date: string) => bus.offsetOfDate('quarantine', 0, date)
        expect(await find('2022-12-31')).toBe(0)
        expect(await find('2023-01-31')).toBe(1)
        expect(await find('2023-02-01')).toBe(3)
        expect(await find('2023-02-02')).toBe(3)
        expect(await find('2023-02-03')).toBe(6)
      })

      it('finds it before one of an earlier date that was published at the same time', async () => {
        const dates = ['2023-01-30', '2023-01-31', '2023-01-30', '2023-01-31', '2023-01-31']
        for (const date of dates) await bus.publish('factor-dp', [message(date, { date })])
        const find = (date: string) => bus.offsetOfDate('factor-dp', 0, date)
        expect([await find('2023-01-30'), await find('2023-01-31'), await find('2023-02-01')]).toEqual([0, 1, 5])
      })
    })

    describe('a group', () => {
      it('gives a member all partitions before any message, and takes it up where it committed', async () => {
        const publish = (text: string, partition: number) => bus.publish('days', [message(text, { partition })])
        for (const partition of [0, 1, 2, 3]) await publish(`a${partition}`, partition)
        const first = new Listener()
        const membership = await bus.join('days', 'restarted', first)
        await expect.poll(() => first.seen.length, waits).toBe(4)
        expect(first.assignments[0]).toEqual([0, 1, 2, 3].map((partition) => ({ partition, committed: null })))
        await membership.commit(1, { offset: 1, metadata: '{"dayOpened":0}' })
        await membership.commit(2, { offset: 1, metadata: '' })
        await membership.leave()
        await membership.done
        expect([...(await bus.committed('days', 'restarted'))].sort()).toEqual([
          [1, { offset: 1, metadata: '{"dayOpened":0}' }],
          [2, { offset: 1, metadata: '' }],
        ])
        expect((await bus.committed('days', 'nobody')).size).toBe(0)

        for (const partition of [0, 1, 2, 3]) await publish(`b${partition}`, partition)
        const second = new Listener()
        second.startAt = new Map([[2, 0]])
        const again = await bus.join('days', 'restarted', second)
        await expect.poll(() => second.seen.length, waits).toBe(7)
        expect(second.assignments[0]?.[1]).toEqual({
          partition: 1,
          committed: { offset: 1, metadata: '{"dayOpened":0}' },
        })
        expect([...second.texts].sort()).toEqual(['a0', 'a2', 'a3', 'b0', 'b1', 'b2', 'b3'])
        expect(first.overlaps + second.overlaps).toBe(0)
        await again.leave()
      })

      it('keeps its positions apart from those of other groups', async () => {
        const listener = new Listener()
        const membership = await bus.join('days', 'other', listener)
        await expect.poll(() => listener.assignments.length, waits).toBe(1)
        expect(listener.assignments[0]?.every(({ committed }) => committed === null)).toBe(true)
        await membership.leave()
      })

      it('ends with the error of a handler that fails', async () => {
        await bus.publish('jobs', [message('bad')])
        const failing: GroupHandlers = {
          assigned: async () => new Map(),
          messages: async () => {
            throw new Error('no such model')
          },
        }
        const membership = await bus.join('jobs', 'failing', failing)
        await expect(membership.done).rejects.toThrow('no such model')
      })

      it('of an unknown topic cannot be joined', async () => {
        await expect(bus.join('no-such' as TopicName, 'lost', new Listener())).rejects.toMatchObject({
          code: 'CB_ABSENT',
        })
      })
    })
  })
}
