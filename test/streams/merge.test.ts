import { describe, expect, it } from 'vitest'
import type { PendingBatch } from '../../streams/log/events.ts'
import { Merge } from '../../streams/log/merge.ts'
import { Random } from '../../src/simulator/random.ts'
import { seed } from '../seed.ts'
import { bookBatchOf, newChain, producer, tickBatchOf } from './market-log.ts'
import { tape, type Quote, type Tick } from './tape-text.ts'

const [tick] = tape('600000.SH 09:30:00 T 10.00 100 B1 S2 b').ticks
const [quote] = tape('600000.SH 09:30:00 Q 10.00 100 10.01 100').quotes
const empty = tape('')

/** Three chains whose few times meet often; names do not tell ticks from books. */
const chains = [
  { channel: 'b', kind: 'books' },
  { channel: 'c', kind: 'ticks' },
  { channel: 'a', kind: 'ticks' },
] as const

interface Event {
  readonly time: number
  readonly kind: PendingBatch['kind']
  readonly channel: string
  readonly sequence: number
}

const inOrder = (x: Event, y: Event): number =>
  x.time - y.time ||
  Number(x.kind === 'books') - Number(y.kind === 'books') ||
  (x.channel < y.channel ? -1 : x.channel > y.channel ? 1 : x.sequence - y.sequence)

function drawn(random: Random): Event[][] {
  return chains.map(({ channel, kind }) => {
    let time = tick.time
    return Array.from({ length: 40 }, (_, sequence) => ({ time: (time += random.below(2)), kind, channel, sequence }))
  })
}

function batchOf(events: readonly Event[], chain: ReturnType<typeof newChain>): PendingBatch {
  const { kind } = events[0]
  const rows = events.map(({ time, channel, sequence }) => ({ time, channel, sequence }))
  const batch =
    kind === 'ticks'
      ? tickBatchOf(
          empty,
          chain,
          rows.map((row): Tick => ({ ...tick, ...row })),
        )
      : bookBatchOf(
          empty,
          chain,
          rows.map((row): Quote => ({ ...quote, ...row })),
        )
  return { kind, batch, offset: 0, skip: null, rows: new Int32Array(1) }
}

describe('the merge of chains', () => {
  it('releases by (time, ticks before books, channel, sequence), never at or above the lowest mark', () => {
    const random = new Random(seed, 4)
    for (let round = 0; round < 50; round++) {
      const events = drawn(random)
      const merge = new Merge(chains.map(({ channel }) => ({ producer, channel })))
      const released: Event[] = []
      const release = (mark: number): void => {
        const done: PendingBatch[] = []
        const reduce = (chain: number, pending: PendingBatch, from: number, to: number): void => {
          expect(done).not.toContain(pending)
          for (let i = from; i < to; i++) {
            const time = pending.batch.baseTime + pending.batch.time[i]
            expect(time).toBeLessThan(mark)
            released.push({
              time,
              kind: pending.kind,
              channel: merge.chains[chain].channel,
              sequence: pending.batch.sequence[i],
            })
          }
        }
        merge.release(mark, reduce, (pending) => void done.push(pending))
      }
      const waiting = events.map((own, i) => ({ own: [...own], chain: newChain(chains[i].channel) }))
      while (waiting.some(({ own }) => own.length > 0)) {
        const speaking = waiting.filter(({ own }) => own.length > 0)
        const { own, chain } = speaking[random.below(speaking.length)]
        const found = merge.find(producer, chain.channel)
        if (found === undefined) throw new RangeError(`no chain ${chain.channel}`)
        const pending = batchOf(own.splice(0, 1 + random.below(6)), chain)
        merge.take(found, pending.batch, [pending])
        release(merge.mark)
      }
      release(Number.POSITIVE_INFINITY)
      expect(released).toEqual(events.flat().sort(inOrder))
    }
  })

  it('waits for a chain that has said nothing yet, and no longer for one that is over', () => {
    const merge = new Merge([
      { producer, channel: 'a' },
      { producer, channel: 'b' },
    ])
    expect(merge.mark).toBe(Number.NEGATIVE_INFINITY)
    merge.chains[0].markTime = 5
    expect(merge.mark).toBe(Number.NEGATIVE_INFINITY)
    merge.chains[1].isOver = true
    expect([merge.mark, merge.isOver]).toEqual([5, false])
    merge.chains[0].isOver = true
    expect([merge.mark, merge.isOver]).toEqual([Number.POSITIVE_INFINITY, true])
  })
})
