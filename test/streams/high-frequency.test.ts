import { describe, expect, it } from 'vitest'
import { Acc, accStride, Accumulators, Bar } from '../../streams/accumulators.ts'
import { restepMinutes } from '../../streams/book/minute-bars.ts'
import { orderFlow } from '../../streams/book/quotes.ts'
import { amihud, realisedSkewness, realisedVariance } from '../../streams/features/high-frequency/minutes.ts'
import { referenceOf } from './market-log.ts'
import { reduce } from './reduce.ts'

/** A time of day, `seconds` behind 09:30:00, on the continuous clock of the morning. */
function clock(seconds: number): string {
  const whole = 9 * 3600 + 30 * 60 + seconds
  const part = (unit: number): string => String(Math.floor(whole / unit) % 60).padStart(2, '0')
  return `${part(3600)}:${part(60)}:${part(1)}`
}

describe('minute moments', () => {
  /** Five continuous minutes with the given log returns, the first against an open of 100. */
  function minutes(returns: readonly number[]): Accumulators {
    const state = new Accumulators(returns.length + 2)
    const row = state.row('A')
    for (const field of [Acc.priceScale, Acc.quantityScale]) state.acc[row * accStride + field] = 1
    state.acc[row * accStride + Acc.open] = 100
    let price = 100
    returns.forEach((r, i) => {
      price *= Math.exp(r)
      const at = state.barAt(row, i + 1)
      state.bar[at + Bar.close] = price
      state.bar[at + Bar.amount] = 1e6 * (i + 1)
      state.bar[at + Bar.trades] = 1
    })
    restepMinutes(state, row)
    return state
  }
  const context = { elapsed: 5, until: 0, isTradeSizing: false }

  it('[HF-01, HF-02] golden value 2 of domain.md §12', () => {
    const { acc } = minutes([0.001, -0.002, 0.0005, 0.003, -0.001])
    expect(realisedVariance(acc, 0, context)).toBeCloseTo(1.525e-5, 15)
    expect(realisedSkewness(acc, 0, context)).toBeCloseTo(0.718095, 6)
  })

  it('[HF-38] mean of abs(r) per hundred million of amount, over traded minutes', () => {
    const { acc } = minutes([0.001, -0.002, 0.0005, 0.003, -0.001])
    const mean = (0.001 / 1 + 0.002 / 2 + 0.0005 / 3 + 0.003 / 4 + 0.001 / 5) / 1e6 / 5
    expect(amihud(acc, 0, context)).toBeCloseTo(1e8 * mean, 8)
  })

  /** One trade in each of the first `count` minutes, up and down by a cent. */
  const traded = (count: number): string =>
    Array.from(
      { length: count },
      (_, m) => `600000.SH ${clock(60 * m)} T ${m % 2 ? '10.01' : '10.00'} 100 B1 S2 b`,
    ).join('\n')

  it('[HF-01, HF-02, HF-38] need 60 of 237 minutes with trades', () => {
    for (const id of ['hf_rv', 'hf_rskew', 'hf_amihud']) {
      expect([id, reduce(traded(59)).day()[id]]).toEqual([id, Number.NaN])
      expect([id, Number.isFinite(reduce(traded(60)).day()[id])]).toEqual([id, true])
    }
  })

  it('[HF-01] 60 minutes that go up and down by a cent: 59 returns of ln(10.01/10)', () => {
    expect(reduce(traded(60)).day()['hf_rv']).toBeCloseTo(59 * Math.log(10.01 / 10) ** 2, 15)
  })

  it('[HF-01] the threshold of a minute row scales with the minutes that have elapsed', () => {
    const { minute } = reduce('600000.SH 09:30:00 T 10.00 100 B1 S2 b')
    expect(minute(3)['hf_rv']).toBe(0) // one traded minute of four
    expect(minute(4)['hf_rv']).toBeNaN() // of five
  })

  it('[HF-02] is NaN where nothing moved', () => {
    const still = traded(60).replaceAll('10.01', '10.00')
    expect(reduce(still).day()).toMatchObject({ hf_rv: 0, hf_rskew: Number.NaN, hf_amihud: 0 })
  })

  it('[HF-01] the first minute is against the open, and lunch is crossed', () => {
    const lines = traded(60).split('\n').slice(2)
    const { day } = reduce(
      [
        '600000.SH 09:25:00 T 9.00 100 B1 S2 n',
        ...lines,
        '600000.SH 13:00:00 T 11.00 100 B1 S2 b',
        '600000.SH 13:01:00 T 11.00 100 B1 S2 b',
      ].join('\n'),
    )
    const expected = Math.log(10 / 9) ** 2 + 57 * Math.log(10.01 / 10) ** 2 + Math.log(11 / 10.01) ** 2
    expect(day()['hf_rv']).toBeCloseTo(expected, 14)
  })

  it('[HF-01] a print stamped behind its segment’s end counts in the last minute though that was sealed', () => {
    const lunch = `${traded(60)}\n600000.SH 11:30:07 T 12.00 100 B1 S2 b`
    const { day, minute } = reduce(lunch)
    expect(minute(119)['bar_trades']).toBe(0)
    expect(day()['hf_rv']).toBeCloseTo(59 * Math.log(10.01 / 10) ** 2 + Math.log(12 / 10.01) ** 2, 14)
  })
})

describe('volume', () => {
  it('[HF-19] volume from 14:30 on, closing auction in, of the day’s; auctions and lunch in the denominator', () => {
    const { day } = reduce(`
      600000.SH 09:25:00 T 10.00 100 B1 S2 n
      600000.SH 14:29:59.9 T 10.00 200 B1 S2 b
      600000.SH 14:30:00 T 10.00 400 B1 S2 b
      600000.SH 15:00:00 T 10.00 900 B1 S2 n`)
    expect(day()['hf_v_l30']).toBe(1300 / 1600)
  })

  it('[HF-19] is a true 0 on a day that traded in the morning only, NaN on an empty one', () => {
    expect(reduce('600000.SH 10:00:00 T 10.00 100 B1 S2 b').day()['hf_v_l30']).toBe(0)
    expect(reduce('600000.SH 10:00:00 A 10.00 100 B1').day()['hf_v_l30']).toBeNaN()
  })
})

/** domain.md §12, golden value 1, at times that weigh 1800, 1800, 1800, 1740 and 60 seconds up to lunch. */
const quotes = `
  600000.SH 09:30:00 Q 10.00 300 10.01 200
  600000.SH 10:00:00 Q 10.00 500 10.01 200
  600000.SH 10:30:00 Q 10.01 100 10.02 400
  600000.SH 11:00:00 Q 10.00 500 10.02 300
  600000.SH 11:29:00 Q 10.00 200 10.01 600`

describe('quotes', () => {
  it('[HF-47] golden value 1: e is 200, 300, 0, -900', () => {
    const book: readonly (readonly [number, number, number, number])[] = [
      [10, 300, 10.01, 200],
      [10, 500, 10.01, 200],
      [10.01, 100, 10.02, 400],
      [10, 500, 10.02, 300],
      [10, 200, 10.01, 600],
    ]
    const e = book.slice(1).map((now, i) => orderFlow(...now, ...book[i]))
    expect(e).toEqual([200, 300, 0, -900])
  })

  it('[HF-47] sum of e over the time-weighted depth', () => {
    const depth = (250 * 1800 + 350 * 1800 + 250 * 1800 + 400 * 1740 + 400 * 60) / 7200
    expect(reduce(quotes).day()['hf_ofi']).toBeCloseTo(-400 / depth, 12)
  })

  it('[HF-40] time-weighted quoted spread in basis points of the mid', () => {
    const spread = (bid: number, ask: number): number => (ask - bid) / ((ask + bid) / 2)
    const mean = (spread(10, 10.01) * (3600 + 60) + spread(10.01, 10.02) * 1800 + spread(10, 10.02) * 1740) / 7200
    expect(reduce(quotes).day()['hf_qspr']).toBeCloseTo(1e4 * mean, 9)
  })

  it('[HF-45] time-weighted imbalance of the best sizes', () => {
    const mean = (0.2 * 1800 + (3 / 7) * 1800 + -0.6 * 1800 + 0.25 * 1740 + -0.5 * 60) / 7200
    expect(reduce(quotes).day()['hf_imb1']).toBeCloseTo(mean, 12)
  })

  it('[HF-40, HF-45, HF-47] are NaN where usable snapshots cover less than half of the continuous minutes', () => {
    // 237 minutes halved are 7,110 s: begun at 09:31:30 the book covers just that, a second later less.
    const from = (time: string): number => reduce(`600000.SH ${time} Q 10.00 300 10.01 200`).day()['hf_qspr']
    expect(from('09:31:30')).toBeCloseTo((1e4 * 0.01) / 10.005, 9)
    const values = reduce('600000.SH 09:31:31 Q 10.00 300 10.01 200').day()
    expect([values['hf_qspr'], values['hf_imb1'], values['hf_ofi']]).toEqual([Number.NaN, Number.NaN, Number.NaN])
  })

  it('[HF-40] a minute row weighs the open snapshot up to the minute’s end', () => {
    const { minute } = reduce(`
      600000.SH 09:30:00 Q 10.00 300 10.01 200
      600000.SH 09:30:45 Q 10.00 300 10.03 200`)
    const mean = (45 * (0.01 / 10.005) + 15 * (0.03 / 10.015)) / 60
    expect(minute(0)['hf_qspr']).toBeCloseTo(1e4 * mean, 9)
  })

  it('[HF-40, HF-45] of snapshots with equal time the last in feed order wins', () => {
    const doubled = quotes.replace('600000.SH 10:30:00', '600000.SH 10:30:00 Q 5.00 9 99.00 1\n  600000.SH 10:30:00')
    const [once, twice] = [quotes, doubled].map((text) => reduce(text).day())
    expect([twice['hf_qspr'], twice['hf_imb1'], twice['hf_ofi']]).toEqual([
      once['hf_qspr'],
      once['hf_imb1'],
      once['hf_ofi'],
    ])
  })

  it('[HF-40] an unusable snapshot ends the weight of the one before it and has none itself', () => {
    const { day } = reduce(`
      600000.SH 09:30:00 Q 10.00 300 10.01 200
      600000.SH 10:00:00 Q 10.00 300 0 0
      600000.SH 10:01:00 Q 10.00 300 10.02 200
      600000.SH 11:00:00 Q 10.02 300 10.02 200
      600000.SH 13:00:00 Q 10.00 300 10.04 200`)
    const mean = (1800 * (0.01 / 10.005) + 3540 * (0.02 / 10.01) + 7020 * (0.04 / 10.02)) / (1800 + 3540 + 7020)
    expect(day()['hf_qspr']).toBeCloseTo(1e4 * mean, 9)
  })

  it('[HF-47] pairs restart behind an unusable snapshot and behind lunch', () => {
    const { day } = reduce(`
      600000.SH 09:30:00 Q 10.00 100 10.01 100
      600000.SH 10:00:00 Q 10.00 300 10.01 100
      600000.SH 10:30:00 Q 0     0   10.01 100
      600000.SH 10:30:03 Q 10.00 900 10.01 100
      600000.SH 13:00:00 Q 10.00 100 10.01 500
      600000.SH 13:30:00 Q 10.00 100 10.01 400`)
    const depth = (100 * 1800 + 200 * 1800 + 500 * 3597 + 300 * 1800 + 250 * 5220) / (1800 + 1800 + 3597 + 7020)
    expect(day()['hf_ofi']).toBeCloseTo((200 + 100) / depth, 12)
  })

  it('[HF-40] snapshots outside of the continuous segments are not used', () => {
    const outside = `
      600000.SH 09:25:01 Q 10.00 300 11.00 200${quotes}
      600000.SH 11:30:00 Q 10.00 300 11.00 200
      600000.SH 14:57:00 Q 10.00 300 11.00 200
      600000.SH 15:39:00 Q 10.00 300 11.00 200`
    expect(reduce(outside).day()['hf_qspr']).toBe(reduce(quotes).day()['hf_qspr'])
  })
})

describe('prints', () => {
  /** Prints a second apart from 09:30 on: B100 buys a hundred shares actively, S100 sells. */
  const prints = (list: readonly string[]): string =>
    list.map((print, i) => `600000.SH ${clock(i)} T 10.00 ${print.slice(1)} B1 S2 ${print[0].toLowerCase()}`).join('\n')
  const golden = ['B60', 'S80', 'B30', 'S130']
  const adv = [referenceOf('600000.SH', { adv20: 5000 })]

  it('[HF-50] golden value 3 of domain.md §12, four times over: twelve buckets of (60, 40), (30, 70), (0, 100)', () => {
    const { day } = reduce(prints([...golden, ...golden, ...golden, ...golden]), { known: adv })
    expect(day()['hf_vpin']).toBeCloseTo((20 + 40 + 100) / 300, 12)
  })

  it('[HF-50] needs ten full buckets; the open one is dropped', () => {
    const nine = [...golden, ...golden, ...golden]
    expect(reduce(prints([...nine, 'B99']), { known: adv }).day()['hf_vpin']).toBeNaN()
    expect(reduce(prints([...nine, 'B99', 'B1', 'S99']), { known: adv }).day()['hf_vpin']).toBeCloseTo(
      (3 * 1.6 + 1) / 10,
      12,
    )
  })

  it('[HF-50] is NaN without the mean volume of the 20 days before', () => {
    expect(reduce(prints([...golden, ...golden, ...golden, ...golden])).day()['hf_vpin']).toBeNaN()
  })

  it('[HF-50] a print larger than a bucket fills several', () => {
    expect(reduce(prints(['B1000']), { known: adv }).day()['hf_vpin']).toBe(1)
  })

  it('[HF-50] an average volume that 50 does not divide gives buckets of a fraction of a share', () => {
    const known = [referenceOf('600000.SH', { adv20: 1005 })] // 20.1 shares a bucket
    expect(reduce(prints(['B201']), { known }).day()['hf_vpin']).toBeCloseTo(1, 12)
  })

  it('[HF-50] a print fills any number of buckets at once, and buckets too small to be counted give NaN', () => {
    const of = (adv20: number): number => {
      const known = [referenceOf('600000.SH', { adv20 })]
      return reduce(prints(['B1000000', 'S1000000']), { known }).day()['hf_vpin']
    }
    expect(of(1e-6)).toBeCloseTo(1, 12)
    expect(of(5e-312)).toBeNaN()
  })

  it('[HF-58] correlation of neighbouring signs, each series with its own mean', () => {
    const signs = Array.from({ length: 60 }, (_, i) => (i % 5 < 3 ? 1 : -1))
    const x = signs.slice(1)
    const y = signs.slice(0, -1)
    const mean = (series: readonly number[]): number => series.reduce((a, b) => a + b) / series.length
    const covariance = (p: readonly number[], q: readonly number[]): number =>
      mean(p.map((value, i) => (value - mean(p)) * (q[i] - mean(q))))
    const expected = covariance(x, y) / Math.sqrt(covariance(x, x) * covariance(y, y))
    expect(reduce(prints(signs.map((s) => (s > 0 ? 'B1' : 'S1')))).day()['hf_s_ac1']).toBeCloseTo(expected, 12)
  })

  it('[HF-58] needs 60 prints with an active side, and both sides', () => {
    const alternating = (count: number): string[] => Array.from({ length: count }, (_, i) => (i % 2 ? 'B1' : 'S1'))
    expect(reduce(prints(alternating(59))).day()['hf_s_ac1']).toBeNaN()
    expect(reduce(prints(alternating(60))).day()['hf_s_ac1']).toBeCloseTo(-1, 12)
    expect(reduce(prints(Array<string>(80).fill('B1'))).day()['hf_s_ac1']).toBeNaN()
  })

  it('[HF-58] undecided and auction prints are passed over', () => {
    const signs = Array.from({ length: 60 }, (_, i) => (i % 5 < 3 ? 'B1' : 'S1'))
    const between = signs.flatMap((print) => [print, 'U7'])
    expect(reduce(prints(between)).day()['hf_s_ac1']).toBe(reduce(prints(signs)).day()['hf_s_ac1'])
  })
})

describe('orders', () => {
  it('[HF-59] cancelled of original quantity; an order without a row counts with its fills', () => {
    // SSE: order 1 is 300 (100 of it filled before its row), order 2 only shows its fill, order 3 is cancelled whole.
    const { day } = reduce(`
      600000.SH 09:30:00 A 10.00 500 S9
      600000.SH 09:31:00 T 10.00 100 B1 S9 b
      600000.SH 09:31:00 A 10.00 200 B1
      600000.SH 09:32:00 T 10.00 300 B2 S9 b
      600000.SH 09:33:00 A  9.99 400 B3
      600000.SH 09:34:00 D 400 B3
      600000.SH 09:35:00 D 150 B1`)
    expect(day()['hf_cxl']).toBe((400 + 150) / (500 + 300 + 300 + 400))
  })

  it('[HF-59] on SZSE the order row has the original quantity before its fills', () => {
    const { day } = reduce(`
      000001.SZ 09:30:00 O 10.00 500 S9
      000001.SZ 09:31:00 O 10.00 300 B1
      000001.SZ 09:31:00 T 10.00 300 B1 S9
      000001.SZ 09:34:00 D 200 S9`)
    expect(day()['hf_cxl']).toBe(200 / 800)
  })

  it('[HF-59] is the same in every sizing', () => {
    const tape = `
      600000.SH 09:31:00 T 10.00 100 B1 S9 b
      600000.SH 09:31:00 A 10.00 200 B1
      600000.SH 09:34:00 D 200 B1`
    const values = (['order', 'filled', 'trade'] as const).map((sizing) => reduce(tape, { sizing }).day()['hf_cxl'])
    expect(values).toEqual([200 / 400, 200 / 400, 200 / 400])
  })

  it('[HF-59] is NaN where the feed has no orders', () => {
    expect(reduce('600000.SH 09:31:00 T 10.00 100 B1 S9 b').day()['hf_cxl']).toBeNaN()
  })
})
