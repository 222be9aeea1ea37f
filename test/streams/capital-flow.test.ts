import { describe, expect, it } from 'vitest'
import { buckets } from '../../schemas/catalogue/index.ts'
import { reduce } from './reduce.ts'

/** s, m, l, xl of a stem. */
const four = (values: Readonly<Record<string, number>>, stem: string): number[] =>
  buckets.map((bucket) => values[`${stem}_${bucket}`])

/** domain.md §12, golden value 9: an order that trades on arrival shows its trades first and its rest last. */
const rebuilt = `
  600000.SH 09:30:00 A 10.00 60000 B1
  600000.SH 09:30:10 T 10.00  3000 B1 S5 s
  600000.SH 09:30:20 T 10.00 57000 B1 S6 s
  600000.SH 09:31:30 A 10.00 50000 S6`

describe('parents on SSE', () => {
  it('[CB-01..16] golden value 9: order 1 is l, order 5 s, order 6 xl once its rest is known', () => {
    const values = reduce(rebuilt).day()
    expect(four(values, 'c_buy')).toEqual([0, 0, 600_000, 0])
    expect(four(values, 'c_sell')).toEqual([30_000, 0, 0, 570_000])
    expect(four(values, 'c_act_buy')).toEqual([0, 0, 0, 0])
    expect(four(values, 'c_act_sell')).toEqual([30_000, 0, 0, 570_000])
  })

  it('[CB-05..08] before its last row order 6 is provisionally l', () => {
    expect(four(reduce(rebuilt).minute(0), 'c_sell')).toEqual([30_000, 0, 570_000, 0])
    expect(four(reduce(rebuilt).minute(1), 'c_sell')).toEqual([30_000, 0, 0, 570_000])
  })

  it('[CB-17..24] count each filled parent once, in its final bucket', () => {
    const values = reduce(rebuilt).day()
    expect(four(values, 'c_n_buy')).toEqual([0, 0, 1, 0])
    expect(four(values, 'c_n_sell')).toEqual([1, 0, 0, 1])
  })

  it('[C-29..30] are the mean notional of filled parents, with what was not filled', () => {
    const values = reduce(rebuilt).day()
    expect(values['c_ln_parent_buy']).toBe(Math.log(600_000))
    expect(values['c_ln_parent_sell']).toBe(Math.log((30_000 + 1_070_000) / 2))
  })

  it('[CB-01..04] bucket edges: the lower bound is in the bucket', () => {
    const buys = (quantity: number): number[] =>
      four(
        reduce(`
          600000.SH 09:30:00 A 10.00 ${quantity} B1
          600000.SH 09:30:01 T 10.00 100 B1 S2 s`).day(),
        'c_buy',
      )
    expect([3999, 4000, 19_999, 20_000, 99_999, 100_000].map((quantity) => buys(quantity).indexOf(1000))).toEqual([
      0, 1, 1, 2, 2, 3,
    ])
  })

  it('[CB-01..08] an order is counted with its original size though most of it is cancelled', () => {
    const values = reduce(`
      600000.SH 09:30:00 A 10.00 150000 B1
      600000.SH 09:30:01 T 10.00 100 B1 S2 s
      600000.SH 09:30:02 D 149900 B1`).day()
    expect(four(values, 'c_buy')).toEqual([0, 0, 0, 1000])
    expect(four(values, 'c_sell')).toEqual([1000, 0, 0, 0])
  })
})

describe('parents on SZSE', () => {
  it('[CB-01..04] a limit order counts with limit price x original quantity from its first fill on', () => {
    const values = reduce(`
      000001.SZ 09:30:00 O 10.00 20000 S1
      000001.SZ 09:30:01 O 10.50 30000 B2
      000001.SZ 09:30:01 T 10.00 1000 B2 S1`).day()
    expect(four(values, 'c_buy')).toEqual([0, 0, 10_000, 0])
    expect(four(values, 'c_sell')).toEqual([0, 0, 10_000, 0])
  })

  it('[CB-01..04] a market order counts with original quantity x VWAP of its fills, exactly at an edge', () => {
    // 300 at 39.00 and 400 at 40.75 cost 28,000: a VWAP of 40.00, so that 1,000 are 40,000 and m begins there.
    const buys = (quantity: number): number[] =>
      four(
        reduce(`
          000001.SZ 09:30:00 O market ${quantity} B9
          000001.SZ 09:30:00 T 39.00 300 B9 S1
          000001.SZ 09:30:00 T 40.75 400 B9 S2`).day(),
        'c_buy',
      )
    expect(buys(1000)).toEqual([0, 28_000, 0, 0])
    expect(buys(999)).toEqual([28_000, 0, 0, 0])
  })

  it('[C-29] takes that notional of a market order', () => {
    const values = reduce(`
      000001.SZ 09:30:00 O market 1000 B9
      000001.SZ 09:30:00 T 39.00 300 B9 S1
      000001.SZ 09:30:00 T 40.75 400 B9 S2`).day()
    expect(values['c_ln_parent_buy']).toBeCloseTo(Math.log(40_000), 12)
    expect(values['c_ln_parent_sell']).toBeCloseTo(Math.log(28_000 / 2), 12)
  })

  it('[CB-01..08] an order at the own best price, or without an order row, counts with what it filled', () => {
    const values = reduce(`
      000001.SZ 09:30:00 O own 5000 B9
      000001.SZ 09:30:00 T 10.00 5000 B9 S1`).day()
    expect(four(values, 'c_buy')).toEqual([0, 50_000, 0, 0])
    expect(four(values, 'c_sell')).toEqual([0, 50_000, 0, 0])
  })

  it('[CB-09..16] the later order is the active one where the feed does not say', () => {
    const values = reduce(`
      000001.SZ 09:30:00 T 10.00 5000 B9 S1
      000001.SZ 09:30:01 T 10.00 300 B3 S10`).day()
    expect(four(values, 'c_act_buy')).toEqual([0, 50_000, 0, 0])
    expect(four(values, 'c_act_sell')).toEqual([3000, 0, 0, 0])
  })

  it('[CB-09..16] without ids a print is judged by the mid strictly before it, then by the tick', () => {
    const prints = `
      000001.SZ 09:30:00 Q 10.00 100 10.02 100
      000001.SZ 09:30:05 T 10.02 100
      000001.SZ 09:30:06 T 10.00 200
      000001.SZ 09:30:07 T 10.01 400
      000001.SZ 09:30:08 T 10.01 800
      000001.SZ 09:30:09 Q 10.05 100 10.07 100
      000001.SZ 09:30:09 T 10.02 1600`
    const values = reduce(prints).day()
    // Above, below, at the mid on an uptick, at the mid after that uptick, and above the mid of before 09:30:09.
    expect(four(values, 'c_act_buy')).toEqual([10.02 * 100 + 10.01 * 1200 + 10.02 * 1600, 0, 0, 0])
    expect(four(values, 'c_act_sell')).toEqual([2000, 0, 0, 0])
  })

  it('[CB-25] the first print without a mid or a print before it stays undecided', () => {
    const values = reduce(`
      000001.SZ 09:30:05 T 10.02 100
      000001.SZ 09:30:06 T 10.01 200`).day()
    expect(values['c_unknown']).toBe(1002)
    expect(four(values, 'c_act_sell')).toEqual([2002, 0, 0, 0])
  })
})

const mixed = `
  600000.SH 09:25:00 T 10.00  5000 B1 S2 n
  600000.SH 09:31:00 A 10.00 30000 S4
  600000.SH 09:31:00 T 10.00 10000 B3 S4 b
  600000.SH 09:32:00 T 10.00 20000 B3 S4 b
  600000.SH 09:33:00 A  9.99  2000 B6
  600000.SH 09:33:01 T  9.99  1000 B6 S7 s
  600000.SH 09:34:00 T 10.00   500 B8 S9 u`

describe('totals', () => {
  it('[CB-25..28] the day’s amount, volume and count; without active side are auctions and undecided prints', () => {
    expect(reduce(mixed).day()).toMatchObject({
      amount: 50_000 + 100_000 + 200_000 + 9990 + 5000,
      volume: 36_500,
      trades: 5,
      c_unknown: 50_000 + 5000,
    })
  })

  it('[CB-26] in sizings order and filled every yuan is bought once and sold once', () => {
    for (const sizing of ['order', 'filled'] as const) {
      const values = reduce(mixed, { sizing }).day()
      for (const stem of ['c_buy', 'c_sell']) expect(four(values, stem).reduce((a, b) => a + b)).toBe(364_990)
    }
  })
})

describe('sizing filled', () => {
  it('[CB-01..04] takes what was filled as the size of a parent', () => {
    const values = reduce(rebuilt, { sizing: 'filled' }).day()
    expect(four(values, 'c_buy')).toEqual([0, 0, 600_000, 0])
    expect(four(values, 'c_sell')).toEqual([30_000, 0, 570_000, 0])
    expect(values['c_ln_parent_sell']).toBe(Math.log(600_000 / 2))
  })
})

describe('sizing trade', () => {
  const values = reduce(mixed, { sizing: 'trade' }).day()

  it('[CB-01..24] buckets active prints by their own size', () => {
    expect(four(values, 'c_buy')).toEqual([0, 100_000, 200_000, 0])
    expect(four(values, 'c_sell')).toEqual([9990, 0, 0, 0])
    expect(four(values, 'c_act_buy')).toEqual(four(values, 'c_buy'))
    expect(four(values, 'c_act_sell')).toEqual(four(values, 'c_sell'))
    expect(four(values, 'c_n_buy')).toEqual([0, 1, 1, 0])
    expect(four(values, 'c_n_sell')).toEqual([1, 0, 0, 0])
  })

  it('[C-01..04, C-09..12] are against active turnover', () => {
    const active = 309_990
    expect(four(values, 'c_nbr')).toEqual([-9990 / active, 100_000 / active, 200_000 / active, 0])
    expect(four(values, 'c_turn_share')).toEqual([9990 / active, 100_000 / active, 200_000 / active, 0])
    expect(four(values, 'c_turn_share').reduce((a, b) => a + b)).toBeCloseTo(1, 12)
  })

  it('[C-17..24] are NaN', () => {
    expect([...four(values, 'c_buy_active'), ...four(values, 'c_sell_active')].every(Number.isNaN)).toBe(true)
  })

  it('[C-29..30] average active prints', () => {
    expect(values['c_ln_parent_buy']).toBe(Math.log(300_000 / 2))
    expect(values['c_ln_parent_sell']).toBe(Math.log(9990))
  })
})

describe('ratios', () => {
  // Bought by parents: s 50,000 of order 1 is m, 300,000 of order 3 l, 9,990 of order 6 (19,980) s, 5,000 of order 8 s.
  const values = reduce(mixed).day()
  const amount = 364_990

  it('[CB-01..16] of the tape below', () => {
    expect(four(values, 'c_buy')).toEqual([14_990, 50_000, 300_000, 0])
    expect(four(values, 'c_sell')).toEqual([14_990, 50_000, 300_000, 0])
    expect(four(values, 'c_act_buy')).toEqual([0, 0, 300_000, 0])
    expect(four(values, 'c_act_sell')).toEqual([9990, 0, 0, 0])
  })

  it('[C-01..04] NB_b / Amt', () => {
    expect(four(reduce(rebuilt).day(), 'c_nbr')).toEqual([-30 / 600, 0, 1, -570 / 600])
  })

  it('[C-05..08] (AB_b - AS_b) / (AB_b + AS_b), NaN in a bucket without active flow', () => {
    expect(four(values, 'c_nar')).toEqual([-1, Number.NaN, 1, Number.NaN])
  })

  it('[C-09..12] (B_b + S_b) / (2 Amt)', () => {
    expect(four(values, 'c_turn_share')).toEqual([14_990 / amount, 50_000 / amount, 300_000 / amount, 0])
  })

  it('[C-13..16] (AB_b + AS_b) / sum of all active flow', () => {
    expect(four(values, 'c_active_share')).toEqual([9990 / 309_990, 0, 300_000 / 309_990, 0])
  })

  it('[C-17..24] active part of what is bought and sold, NaN in a bucket without flow', () => {
    expect(four(values, 'c_buy_active')).toEqual([0, 0, 1, Number.NaN])
    expect(four(values, 'c_sell_active')).toEqual([9990 / 14_990, 0, 0, Number.NaN])
  })

  it('[C-25..28] ln((B_b + 1) / (S_b + 1)) in whole yuan: 0 in a bucket without flow on a traded day', () => {
    const [s, m, l, xl] = four(reduce(rebuilt).day(), 'c_imb')
    expect([s, m, l, xl]).toEqual([Math.log(1 / 30_001), 0, Math.log(600_001), Math.log(1 / 570_001)])
  })

  it('[C-31] (NB_l + NB_xl) / Amt', () => {
    expect(reduce(rebuilt).day()['c_nbr_main']).toBe((600 - 570) / 600)
  })

  it('[C-32] (AB - AS) / (AB + AS) over l and xl', () => {
    const both = reduce(`
      600000.SH 09:31:00 T 10.00 30000 B3 S4 b
      600000.SH 09:32:00 T 10.00 10000 B5 S6 s
      600000.SH 09:33:00 T 10.00 120000 B5 S6 s`).day()
    expect(both['c_nar_main']).toBeCloseTo((300 - 1300) / 1600, 12)
  })

  it('[C-01..32, CB-01..27] are NaN on a day without trades', () => {
    const empty = reduce('600000.SH 09:30:00 A 10.00 100 B1').day()
    for (const [id, value] of Object.entries(empty)) {
      if (id.startsWith('c_') || id === 'amount' || id === 'volume') expect([id, value]).toEqual([id, Number.NaN])
    }
  })
})
