import { describe, expect, it } from 'vitest'
import { OrderField } from '../../streams/book/order-slots.ts'
import { OrderTable, ownerOf } from '../../streams/book/order-table.ts'
import { Random } from '../../src/simulator/random.ts'
import { seed } from '../seed.ts'

const stride = Object.keys(OrderField).length

/** Slots of a table by owner and id. */
const contents = (table: OrderTable): Map<string, number> => {
  const saved = table.save()
  const found = new Map<string, number>()
  for (let at = 0; at < saved.length; at += stride)
    found.set(`${saved[at + OrderField.owner]} ${saved[at + OrderField.id]}`, saved[at + OrderField.filledAmount])
  return found
}

interface Keys {
  readonly rows: number
  readonly firstId: number
  readonly ids: number
  /** Ids are multiples of it. */
  readonly apart?: number
}

/** Draws finds and removals over few keys, so that they meet, or many, so that the table grows. */
function drive(random: Random, steps: number, { rows, firstId, ids, apart = 1 }: Keys, start: OrderTable): void {
  let table = start
  const oracle = new Map<string, number>()
  for (let step = 0; step < steps; step++) {
    const [row, channel, side] = [random.below(rows), random.below(Math.min(4, rows)), random.below(Math.min(2, rows))]
    // Ids of a day can pass 2^32; some are neighbours, some far apart.
    const id = (firstId + random.below(ids)) * apart + (random.below(2) === 0 ? 0 : 2 ** 40)
    const key = `${ownerOf(row, channel, side)} ${id}`
    const slot = table.find(ownerOf(row, channel, side), Float64Array.of(0, id), 1)
    const chunk = table.orders.chunkOf(slot)
    const at = table.orders.offsetOf(slot)
    const found = chunk[at + OrderField.filledAmount]
    if (found !== (oracle.get(key) ?? 0)) expect.fail(`step ${step}: ${key} holds ${found}, not ${oracle.get(key)}`)
    if (random.uniform() < 0.4) {
      table.remove(slot)
      oracle.delete(key)
    } else {
      chunk[at + OrderField.filledAmount] = step + 1
      oracle.set(key, step + 1)
    }
    if (random.below(Math.max(2000, steps / 10)) === 0) table = OrderTable.restore(table.save())
  }
  expect(table.size).toBe(oracle.size)
  expect(contents(table)).toEqual(oracle)
}

describe('the order table is a map', () => {
  it('under removals in crowded clusters', () => {
    drive(new Random(seed, 1), 20_000, { rows: 4, firstId: 1, ids: 12 }, new OrderTable(256))
  })

  it('around the end of a table so small that clusters wrap', () => {
    const random = new Random(seed, 3)
    for (let round = 0; round < 400; round++)
      drive(random, 100, { rows: 1, firstId: 1 + 7 * round, ids: 3 }, new OrderTable(16))
  })

  it('while it grows', () => {
    drive(new Random(seed, 2), 40_000, { rows: 4, firstId: 1, ids: 1_000_000 }, new OrderTable(16))
  })

  it('while its segments are split one after another', () => {
    drive(new Random(seed, 4), 300_000, { rows: 4, firstId: 1, ids: 1_000_000 }, new OrderTable())
  })

  it('where each instrument counts its own orders, so that all have the same ids', () => {
    drive(new Random(seed, 5), 40_000, { rows: 5000, firstId: 1, ids: 3 }, new OrderTable())
  })

  it('where all ids share their low bits', () => {
    drive(new Random(seed, 6), 40_000, { rows: 4, firstId: 1, ids: 100_000, apart: 64 }, new OrderTable())
  })
})
