import { describe, expect, it } from 'vitest'
import { referenceOf } from './market-log.ts'
import { reduce } from './reduce.ts'

const day = `
  600000.SH 09:25:00   T 10.00 1000 B1 S2 n
  600000.SH 09:30:10   T 10.02  300 B3 S4 b
  600000.SH 09:30:50   T  9.98  200 B5 S6 s
  600000.SH 09:32:00   T 10.01  100 B7 S8 b
  600000.SH 15:00:00.5 T 10.03  400 B9 S8 n`

describe('PV', () => {
  it('[PV-01..06] are the first, highest, lowest, last and mean price and the volume, both auctions in', () => {
    const amount = 10 * 1000 + 10.02 * 300 + 9.98 * 200 + 10.01 * 100 + 10.03 * 400
    expect(reduce(day).day()).toMatchObject({
      pv_open: 10,
      pv_high: 10.03,
      pv_low: 9.98,
      pv_close: 10.03,
      pv_vwap: expect.closeTo(amount / 2000, 12) as number,
      pv_volume: 2000,
    })
  })

  it('[PV-01..06] are NaN on a day without trades, not 0', () => {
    const values = reduce('600000.SH 09:30:00 Q 10.00 500 10.01 200').day()
    for (const id of ['pv_open', 'pv_high', 'pv_low', 'pv_close', 'pv_vwap', 'pv_volume'])
      expect([id, values[id]]).toEqual([id, Number.NaN])
  })

  it('[PV-01..06] are NaN for a name that only Reference knows', () => {
    const { outputs } = reduce(day, { known: [referenceOf('600001.SH', { previousClose: 9.5 })] })
    const rows = outputs.flatMap((output) => (output.kind === 'dayRow' ? [output.value] : []))
    expect(rows.map(({ instrument }) => instrument)).toEqual(['600000.SH', '600001.SH'])
    expect(rows[1].values.every((value, i) => Number.isNaN(value) || i === 6 + 27)).toBe(true)
    expect(rows[1].values[6 + 27]).toBe(0) // CB-28 counts trades: there were none
  })

  it('[PV-01..06] stand in a minute row as they are at its end', () => {
    expect(reduce(day).minute(0)).toMatchObject({ pv_open: 10, pv_high: 10.02, pv_low: 9.98, pv_close: 9.98 })
    expect(reduce(day).minute(0)['pv_volume']).toBe(1500)
    expect(reduce(day).minute(237)['pv_volume']).toBe(2000)
  })
})

describe('bars', () => {
  it('[BAR-01..07] hold the trades of their minute', () => {
    expect(reduce(day).bar(1)).toEqual({
      bar_open: 10.02,
      bar_high: 10.02,
      bar_low: 9.98,
      bar_close: 9.98,
      bar_volume: 500,
      bar_amount: expect.closeTo(10.02 * 300 + 9.98 * 200, 9) as number,
      bar_trades: 2,
    })
  })

  it('[BAR-01..07] of an empty minute carry the close, have no other price and true zeros', () => {
    expect(reduce(day).bar(2)).toEqual({
      bar_open: Number.NaN,
      bar_high: Number.NaN,
      bar_low: Number.NaN,
      bar_close: 9.98,
      bar_volume: 0,
      bar_amount: 0,
      bar_trades: 0,
    })
  })

  it('[BAR-04] is the open before the first trade of the day', () => {
    expect(reduce('600000.SH 09:40:00 T 10.07 100 B1 S2 b').bar(1)['bar_close']).toBe(10.07)
  })

  it('[BAR-01..07] of the auctions are rows of their own', () => {
    expect(reduce(day).bar(0)).toMatchObject({ bar_open: 10, bar_volume: 1000, bar_trades: 1 })
    expect(reduce(day).bar(238)).toMatchObject({ bar_close: 10.03, bar_volume: 400, bar_trades: 1 })
    expect(reduce(day).minute(-1)).toMatchObject({ bar_open: 10, bar_volume: 1000 })
  })

  it('[BAR-01..07] are the same in the minute row as in the day row’s block', () => {
    const reduced = reduce(day)
    for (const bar of [0, 1, 2, 3, 4, 237, 238]) {
      const sent = reduced.minute(bar - 1)
      for (const [id, value] of Object.entries(reduced.bar(bar))) {
        // Before the first trade a sealed minute cannot know the open; here the auction gave it.
        expect([bar, id, sent[id]]).toEqual([bar, id, value])
      }
    }
  })
})

describe('where a print belongs', () => {
  it('[BAR-07] an unflagged print at or behind a segment’s end belongs to its last minute', () => {
    const { bar } = reduce(`
      600000.SH 11:29:59   T 10.00 100 B1 S2 b
      600000.SH 11:30:00   T 10.01 100 B3 S4 b
      600000.SH 11:30:01.2 T 10.01 100 B3 S5 b
      600000.SH 13:00:00   T 10.02 100 B6 S7 b
      600000.SH 14:57:00   T 10.03 100 B8 S9 s`)
    expect([bar(120), bar(121), bar(237), bar(238)].map((one) => one['bar_trades'])).toEqual([3, 1, 1, 0])
  })

  it('[BAR-07] an auction print is known by its flag where the feed states auctions, else by its time', () => {
    const stated = reduce(`
      600000.SH 09:25:00   T 10.00 100 B1 S2 n
      600000.SH 14:57:00.3 T 10.01 100 B3 S4 b
      600000.SH 15:00:01   T 10.02 100 B5 S6 n`)
    expect([0, 237, 238].map((bar) => stated.bar(bar)['bar_trades'])).toEqual([1, 1, 1])
    const timed = reduce(`
      000001.SZ 09:25:00   T 10.00 100 B1 S2
      000001.SZ 14:56:59.9 T 10.01 100 B3 S4
      000001.SZ 14:57:00   T 10.01 100 B3 S5
      000001.SZ 15:00:01   T 10.02 100 B6 S7`)
    expect([0, 237, 238].map((bar) => timed.bar(bar)['bar_trades'])).toEqual([1, 1, 2])
  })

  it('[PV-06] after-hours prints are in no feature', () => {
    const { day: values } = reduce(`
      600000.SH 14:00:00 T 10.00 100 B1 S2 b
      600000.SH 15:05:00 T 10.00 700 B3 S4 u`)
    expect(values()).toMatchObject({ pv_volume: 100, amount: 1000, trades: 1 })
  })
})
