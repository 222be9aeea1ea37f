import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dayRules } from '../../schemas/catalogue/index.ts'
import { technicalDay, technicalDays, type DailyBars } from '../../streams/index.ts'
import { seed } from '../seed.ts'

// Golden bars and values come from test/oracle/technical.py: 300 days of cents with two ex-rights days (140, 220), a
// suspension (100..104) and a week at one price (60..65).

type Column = readonly (number | null)[]
type Values = Readonly<Record<string, number | null>>
interface Golden extends Record<'high' | 'low' | 'close' | 'vwap' | 'volume' | 'factor', Column> {
  readonly days: readonly number[]
  readonly values: Readonly<Record<string, Values>>
}

const golden = JSON.parse(readFileSync(resolve(import.meta.dirname, '../golden/technical/bars.json'), 'utf8')) as Golden

const doubles = (column: Column): Float64Array => Float64Array.from(column, (value) => value ?? NaN)

const barsOf = (columns: Omit<Golden, 'days' | 'values'>): DailyBars & { factor: Float64Array } => ({
  high: doubles(columns.high),
  low: doubles(columns.low),
  close: doubles(columns.close),
  vwap: doubles(columns.vwap),
  volume: doubles(columns.volume),
  factor: doubles(columns.factor),
})

const bars = barsOf(golden)
const ids = dayRules.G.map(({ id }) => id)
const at = (values: Float64Array, id: string, day = 0): number => values[day * ids.length + ids.indexOf(id)]

/** Bars of one price each, with a volume of their own. */
function priced(close: readonly number[], volume: readonly number[] = close.map(() => 100)): DailyBars {
  const prices = Float64Array.from(close)
  return { high: prices, low: prices, close: prices, vwap: prices, volume: Float64Array.from(volume) }
}

const lastOf = (one: DailyBars): Readonly<Record<string, number>> => {
  const values = technicalDay(one)
  return Object.fromEntries(ids.map((id, i) => [id, values[i]]))
}

const flat = Array.from({ length: 130 }, () => 10.1)

const slice = (one: DailyBars, from: number, to: number): DailyBars => ({
  high: one.high.slice(from, to),
  low: one.low.slice(from, to),
  close: one.close.slice(from, to),
  vwap: one.vwap.slice(from, to),
  volume: one.volume.slice(from, to),
  ...(one.factor === undefined ? {} : { factor: one.factor.slice(from, to) }),
})

describe('G against the oracle', () => {
  const values = technicalDays(bars)

  it.each(golden.days)(
    '[G-01..08, G-12..13, G-17..20, G-25, G-27..33, G-80..81] have the golden values on day %i',
    (day) => {
      for (const id of ids) {
        const wanted = golden.values[day][id]
        const got = at(values, id, day)
        if (wanted === null) expect([id, got]).toEqual([id, NaN])
        else expect([id, Math.abs(got - wanted) <= 1e-9 * Math.max(1, Math.abs(wanted))]).toEqual([id, true])
      }
    },
  )
})

describe('G by hand', () => {
  it('[G-01..04, G-25] are returns over traded bars, not over days', () => {
    const closes = Array.from({ length: 21 }, (_, i) => 10 + i)
    const { g_ret_1, g_ret_5, g_ret_10, g_ret_20, g_roc_12 } = lastOf(priced(closes))
    const wanted = [30 / 29 - 1, 30 / 25 - 1, 30 / 20 - 1, 2, 100 * (30 / 18 - 1)]
    expect([g_ret_1, g_ret_5, g_ret_10, g_ret_20, g_roc_12]).toEqual(wanted)
    const paused = priced([10, 11, NaN, 12], [100, 100, 0, 100])
    expect(at(technicalDays(paused), 'g_ret_1', 3)).toBe(12 / 11 - 1)
    expect(at(technicalDays(paused), 'g_ret_1', 2)).toBeNaN()
  })

  it('[G-05..08] need as many bars as their mean', () => {
    const gapOn = (count: number): number[] => {
      const last = lastOf(priced(Array.from({ length: count }, (_, i) => (i === count - 1 ? 11 : 10))))
      return [last['g_ma_gap_5'], last['g_ma_gap_10'], last['g_ma_gap_20'], last['g_ma_gap_60']]
    }
    expect(gapOn(4)).toEqual([NaN, NaN, NaN, NaN])
    expect(gapOn(5).slice(0, 2)).toEqual([11 / 10.2 - 1, NaN])
    expect(gapOn(59)[3]).toBeNaN()
    expect(gapOn(60)[3]).toBe(11 / (601 / 60) - 1)
  })

  it('[G-12..13] need 120 bars, and are 50 where rises and falls take turns', () => {
    const swings = (count: number): DailyBars => priced(Array.from({ length: count }, (_, i) => 10 + (i % 2)))
    const before = lastOf(swings(119))
    expect([before['g_rsi_6'], before['g_rsi_14']]).toEqual([NaN, NaN])
    const after = lastOf(swings(120))
    // The last move weighs 1/k: up by one, after means that have settled at (k-1)/(2k-1) and k/(2k-1).
    expect(after['g_rsi_6']).toBeCloseTo((100 * 6) / 11, 6)
    expect(after['g_rsi_14']).toBeCloseTo((100 * 14) / 27, 1)
  })

  it('[G-12..13, G-17..20, G-27] of a flat price are NaN or 0, never an extreme', () => {
    const last = lastOf(priced(flat))
    for (const id of ['g_rsi_6', 'g_rsi_14', 'g_wr_14', 'g_cci_14', 'g_boll_pctb', 'g_mfi_14'])
      expect([id, last[id]]).toEqual([id, NaN])
    expect(last['g_boll_width']).toBe(0)
  })

  it('[G-17] is 0 at the high and -100 at the low of 14 bars', () => {
    const rise = Array.from({ length: 14 }, (_, i) => 10 + i)
    expect(lastOf(priced(rise))['g_wr_14']).toBe(0)
    expect(lastOf(priced(rise.toReversed()))['g_wr_14']).toBe(-100)
  })

  it('[G-18] divides by 0.015 of the mean deviation', () => {
    // Thirteen at 10 and one at 24: mean 11, mean deviation (13 + 13) / 14.
    const closes = [...Array.from({ length: 13 }, () => 10), 24]
    expect(lastOf(priced(closes))['g_cci_14']).toBeCloseTo(13 / (0.015 * (26 / 14)), 9)
  })

  it('[G-19..20] use two population deviations around the mean of 20', () => {
    // Half at 10, half at 12: mean 11, deviation 1.
    const closes = Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 10 : 12))
    const { g_boll_pctb, g_boll_width } = lastOf(priced(closes))
    expect([g_boll_pctb, g_boll_width]).toEqual([0.75, 4 / 11])
  })

  it('[G-27..30] count an unchanged price neither as a rise nor as a fall', () => {
    // Of each four bars one rises, one falls, two stay; adjustment moves the last bits of prices that are equal.
    const closes = Array.from({ length: 28 }, (_, i) => [10, 11, 11 * (1 + 1e-12), 10][i % 4])
    const volume = closes.map((_, i) => [100, 300, 50, 100][i % 4])
    const last = lastOf(priced(closes, volume))
    const signs = closes.map((close, i) => (i === 0 ? 0 : Math.sign(Math.round((close - closes[i - 1]) * 1e6))))
    const sum = (k: number, wanted: number): number =>
      volume.reduce((total, v, i) => total + (i >= 28 - k && signs[i] === wanted ? v : 0), 0)
    expect(last['g_obv_20']).toBeCloseTo((sum(20, 1) - sum(20, -1)) / (sum(20, 1) + sum(20, -1) + sum(20, 0)), 12)
    expect(last['g_vr_26']).toBe((sum(26, 1) + sum(26, 0) / 2) / (sum(26, -1) + sum(26, 0) / 2))
    expect(last['g_psy_12']).toBe(25)
    expect(last['g_mfi_14']).toBeCloseTo((100 * 11 * sum(14, 1)) / (11 * sum(14, 1) + 10 * sum(14, -1)), 9)
  })

  it('[G-31..32] are the volume over its mean, today’s in', () => {
    const last = lastOf(
      priced(
        Array.from({ length: 20 }, () => 10),
        Array.from({ length: 20 }, (_, i) => (i === 19 ? 300 : 100)),
      ),
    )
    expect([last['g_vol_ma_5'], last['g_vol_ma_20']]).toEqual([300 / 140, 300 / 110])
  })

  it('[G-33] needs its own day alone', () => {
    const one = { ...priced([10]), vwap: Float64Array.of(9.6) }
    expect(lastOf(one)['g_close_vwap']).toBe(10 / 9.6 - 1)
  })

  it('[G-80..81] are signs of a close beyond all of the 20 or 60 before', () => {
    const closes = Array.from({ length: 61 }, (_, i) => (i === 0 ? 20 : 10 + (i % 3) / 10))
    const ends = (close: number): number[] => {
      const last = lastOf(priced(closes.with(60, close)))
      return [last['g_new_ext_20'], last['g_new_ext_60']]
    }
    expect([ends(10.2), ends(10.3), ends(20.1), ends(9.9)]).toEqual([
      [0, 0],
      [1, 0],
      [1, 1],
      [-1, -1],
    ])
    expect(ends(10.2 * (1 + 1e-10))).toEqual([0, 0])
  })
})

/** Bars that each rule needs, its own counted in. */
const needed: Readonly<Record<string, number>> = {
  ...{ g_ret_1: 2, g_ret_5: 6, g_ret_10: 11, g_ret_20: 21, g_roc_12: 13, g_close_vwap: 1 },
  ...{ g_ma_gap_5: 5, g_ma_gap_10: 10, g_ma_gap_20: 20, g_ma_gap_60: 60, g_vol_ma_5: 5, g_vol_ma_20: 20 },
  ...{ g_rsi_6: 120, g_rsi_14: 120, g_wr_14: 14, g_cci_14: 14, g_boll_pctb: 20, g_boll_width: 20 },
  ...{ g_mfi_14: 15, g_obv_20: 21, g_vr_26: 27, g_psy_12: 13, g_new_ext_20: 21, g_new_ext_60: 61 },
}

describe('a G row', () => {
  it('has a value from as many bars on as its rule looks back over', () => {
    const values = technicalDays(slice(bars, 66, 300))
    // Five of the days do not trade: the first value stands on the day of the last bar that it needs.
    const traded = [...bars.volume.slice(66)].flatMap((volume, day) => (volume > 0 ? [day] : []))
    for (const id of ids) {
      const first = [...bars.volume.slice(66).keys()].find((day) => !Number.isNaN(at(values, id, day)))
      expect([id, first]).toEqual([id, traded[needed[id] - 1]])
    }
  })

  it('of a suspended day has no value at all', () => {
    const values = technicalDays(bars)
    for (let day = 100; day < 105; day++) for (const id of ids) expect([id, at(values, id, day)]).toEqual([id, NaN])
    expect(technicalDay(slice(bars, 0, 103)).every(Number.isNaN)).toBe(true)
    expect(technicalDay(slice(bars, 0, 0)).every(Number.isNaN)).toBe(true)
  })

  it('is the same, bit for bit, made alone at the close or in one pass over all days', () => {
    const whole = technicalDays(bars)
    for (let day = 0; day < bars.close.length; day++)
      expect(technicalDay(slice(bars, 0, day + 1))).toEqual(whole.slice(day * ids.length, (day + 1) * ids.length))
  })

  it('depends on the last 250 traded bars and on nothing before or after', () => {
    const wanted = technicalDay(bars)
    // 5 of the last 255 days were not traded.
    expect(technicalDay(slice(bars, 45, 300))).toEqual(wanted)
    const shorter = technicalDay(slice(bars, 46, 300))
    expect(at(shorter, 'g_rsi_14')).not.toBe(at(wanted, 'g_rsi_14'))
    const other = slice(bars, 0, 300)
    other.close.fill(3, 0, 45)
    other.volume.fill(7, 0, 45)
    expect(technicalDay(other)).toEqual(wanted)
    const later = slice(bars, 0, 300)
    later.close.fill(3, 280)
    expect(technicalDays(later).slice(0, 280 * ids.length)).toEqual(technicalDays(bars).slice(0, 280 * ids.length))
  })

  it('is the same when stored prices come adjusted', () => {
    const adjust = (prices: Float64Array): Float64Array => prices.map((price, day) => price * bars.factor[day])
    const adjusted: DailyBars = {
      high: adjust(bars.high),
      low: adjust(bars.low),
      close: adjust(bars.close),
      vwap: adjust(bars.vwap),
      volume: bars.volume.map((shares, day) => shares / bars.factor[day]),
      factor: new Float64Array(300).fill(NaN),
    }
    const [raw, came] = [technicalDays(bars), technicalDays(adjusted)]
    raw.forEach((value, i) => {
      if (Number.isNaN(value)) expect(came[i]).toBeNaN()
      else expect(Math.abs(came[i] - value)).toBeLessThan(1e-9)
    })
  })

  it('is never infinite and keeps to its range', () => {
    const cents = fc.integer({ min: 100, max: 103 }).map((price) => price / 100)
    const days = fc.array(fc.tuple(cents, fc.constantFrom(0, 100, 1e9)), { maxLength: 300, minLength: 1 })
    fc.assert(
      fc.property(days, (drawn) => {
        const one = priced(
          drawn.map(([price]) => price),
          drawn.map(([, volume]) => volume),
        )
        const values = technicalDays(one)
        values.forEach((value, i) => expect([ids[i % ids.length], Math.abs(value)]).not.toContain(Infinity))
        for (let day = 0; day < drawn.length; day++) {
          for (const id of ['g_rsi_6', 'g_rsi_14', 'g_mfi_14', 'g_psy_12'])
            expect(at(values, id, day) < -1e-9 || at(values, id, day) > 100 + 1e-9).toBe(false)
          expect(Math.abs(at(values, 'g_obv_20', day)) > 1).toBe(false)
        }
      }),
      { seed, numRuns: 50 },
    )
  })
})
