import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { TickKind } from '../../schemas/market.ts'
import type { BookBlock, TickBlock } from '../../src/ports/feed.ts'
import { simulateMarket, type SimulatedMarket } from '../../src/simulator/market.ts'
import { completeOptions } from '../../src/simulator/options.ts'
import { Random } from '../../src/simulator/random.ts'
import { seed } from '../seed.ts'
import { collect } from './collect.ts'

const tiny = { instruments: 4, days: 1, earlierDays: 10 }

function hashOf(blocks: readonly (TickBlock | BookBlock)[]): string {
  const hash = createHash('sha256')
  for (const block of blocks) {
    for (const [name, value] of Object.entries(block)) {
      hash.update(name)
      hash.update(ArrayBuffer.isView(value) ? (value as Uint8Array) : JSON.stringify(value))
    }
  }
  return hash.digest('hex')
}

const dayHash = async (market: SimulatedMarket, d: number): Promise<string> => {
  const { ticks, books } = await collect(market.day(d))
  return hashOf([...ticks, ...books])
}

describe('one seed', () => {
  it('gives the same bytes, another seed other ones', async () => {
    const hash = async (drawn: number): Promise<string> => dayHash(simulateMarket({ ...tiny, seed: drawn }), 0)
    expect(await hash(seed)).toBe(await hash(seed))
    expect(await hash(seed)).not.toBe(await hash(seed + 1))
  })

  it('gives a day the same bytes whether the days before were read or not, and at every reading', async () => {
    const options = { ...tiny, seed, days: 3 }
    const market = simulateMarket(options)
    const alone = await dayHash(market, 2)
    const inOrder: string[] = []
    const other = simulateMarket(options)
    for (const d of [0, 1, 2]) inOrder.push(await dayHash(other, d))
    expect(alone).toBe(inOrder[2])
    expect(await dayHash(market, 0)).toBe(inOrder[0])
  })

  it('gives a name the same orders of the first day whatever signal is planted later', async () => {
    const own = simulateMarket({ ...tiny, seed, days: 5, signal: 'own' })
    const none = simulateMarket({ ...tiny, seed, days: 5, signal: 'none' })
    expect(await dayHash(own, 0)).toBe(await dayHash(none, 0))
    expect(await dayHash(own, 4)).not.toBe(await dayHash(none, 4))
  })
})

describe('blocks', () => {
  it('share no memory: a price that a reader changes changes that event and no other', async () => {
    const market = simulateMarket({ ...tiny, seed })
    const kept = await collect(market.day(0))
    const changed = await collect(market.day(0))
    const at = kept.ticks[3].kind.indexOf(TickKind.trade)
    changed.ticks[3].price[at]++
    const differing = kept.ticks.flatMap((block, b) =>
      Array.from(block.price.keys()).filter((k) => block.price[k] !== changed.ticks[b].price[k]),
    )
    expect(differing).toEqual([at])
    changed.ticks[3].price[at]--
    expect(hashOf(changed.ticks)).toBe(hashOf(kept.ticks))
    expect(hashOf(changed.books)).toBe(hashOf(kept.books))
  })

  it('of two days read at once do not disturb each other', async () => {
    const market = simulateMarket({ ...tiny, seed, days: 2 })
    const first = market.day(0).blocks()[Symbol.asyncIterator]()
    const head = await first.next()
    const second = await dayHash(market, 1)
    const ticks: TickBlock[] = head.done !== true && 'ticks' in head.value ? [head.value.ticks] : []
    const books: BookBlock[] = []
    for (let next = await first.next(); next.done !== true; next = await first.next()) {
      if ('ticks' in next.value) ticks.push(next.value.ticks)
      else books.push(next.value.books)
    }
    expect(hashOf([...ticks, ...books])).toBe(await dayHash(simulateMarket({ ...tiny, seed, days: 2 }), 0))
    expect(await dayHash(market, 1)).toBe(second)
  })
})

describe('random numbers', () => {
  it('of neighbouring streams look apart: mean, deviation and correlation of 20,000 normals', () => {
    const one = new Random(seed, 1, 2)
    const other = new Random(seed, 1, 3)
    let [sum, squares, product] = [0, 0, 0]
    for (let k = 0; k < 20_000; k++) {
      const x = one.normal()
      sum += x
      squares += x * x
      product += x * other.normal()
    }
    expect(Math.abs(sum / 20_000)).toBeLessThan(0.036)
    expect(Math.abs(squares / 20_000 - 1)).toBeLessThan(0.05)
    expect(Math.abs(product / 20_000)).toBeLessThan(0.036)
  })
})

describe('options', () => {
  it('out of range are refused with their value', () => {
    expect(() => completeOptions({ instruments: 0 })).toThrow(/CB_USAGE: instruments is 0/)
    expect(() => completeOptions({ horizon: 1.5 })).toThrow(/horizon is 1.5/)
    expect(() => completeOptions({ signal: 'momentum' as 'own' })).toThrow(/no signal momentum/)
  })
})
