import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assembleSample } from '../../models/inputs/assemble.ts'
import { createScaler } from '../../models/inputs/scaling.ts'
import { universeOf } from '../../models/inputs/universe.ts'
import type { FeaturePanel } from '../../models/sample.ts'
import { seed } from '../seed.ts'
import { drawMarket, inputsOf, uniform, type DayOfInputs, type DrawnMarket } from './drawn-market.ts'

const codeOf = (act: () => unknown): string => {
  try {
    act()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'none'
}

const dates = ['2023-02-01', '2023-02-02', '2023-02-03', '2023-02-04']

/** A PV panel of closes and volumes; all five prices are the close. */
const pvPanel = (closes: readonly (readonly number[])[], volumes: readonly (readonly number[])[]): FeaturePanel => ({
  set: 'PV',
  dates: dates.slice(0, closes.length),
  instruments: closes[0].map((_, name) => `N${name}`),
  columns: ['pv_open', 'pv_high', 'pv_low', 'pv_close', 'pv_vwap', 'pv_volume'],
  values: Float64Array.from(closes.flatMap((day, d) => [day, day, day, day, day, volumes[d]].flat())),
})

const all = (panel: FeaturePanel): Int32Array => Int32Array.from(panel.instruments, (_, i) => i)

describe('scaling', () => {
  it('PV: ln against the close before, z-scored over the names that traded on both days, bound 3', () => {
    const panel = pvPanel(
      [
        [10, 10, 10],
        [11, 9, 10],
      ],
      [
        [100, 100, 100],
        [300, 200, 100],
      ],
    )
    const { x, mask } = createScaler(panel, panel.columns).window(1, 1, all(panel))
    const changes = [11, 9, 10].map((close) => Math.log(close / 10))
    const mean = changes.reduce((sum, c) => sum + c, 0) / 3
    const deviation = Math.sqrt(changes.reduce((sum, c) => sum + (c - mean) ** 2, 0) / 3)
    changes.forEach((change, i) => expect(x[i * 6 + 3]).toBeCloseTo((change - mean) / deviation, 6))
    expect(Array.from(mask)).toEqual([1, 1, 1])
    // A window of one day is its own mean: the volume column has no spread and is 0, not NaN.
    expect([x[5], x[11], x[17]]).toEqual([0, 0, 0])
  })

  it('PV: a suspended day carries the close, has volume 0 and mask 0, and enters no statistic', () => {
    const closes = [
      [10, 10, 10],
      [11, 9, NaN],
      [12, 9.5, 8],
    ]
    const volumes = [
      [100, 100, 100],
      [300, 200, NaN],
      [100, 150, 900],
    ]
    const panel = pvPanel(closes, volumes)
    const { x, mask } = createScaler(panel, panel.columns).window(2, 2, all(panel))
    expect(Array.from(mask)).toEqual([1, 1, 0, 1, 1, 1])
    const mean = (Math.log(1.1) + Math.log(0.9)) / 2
    expect(x[2 * 6 + 3]).toBeCloseTo((0 - mean) / ((Math.log(1.1) - Math.log(0.9)) / 2), 5)
    expect(x[2 * 6 + 5]).toBe(-3)
    // The day after: its change counts from the carried close, in units of the two names that traded on both days.
    const [rise, drop] = [Math.log(12 / 11), Math.log(9.5 / 9)]
    expect(x[3 * 6 + 3]).toBeCloseTo(1, 5)
    expect(x[5 * 6 + 3]).toBe(-3)
    expect(Math.log(0.8)).toBeLessThan((rise + drop) / 2 - 3 * Math.abs(rise - drop))
    expect(x.every(Number.isFinite)).toBe(true)
  })

  it('PV: reads no day before the one that precedes the window', () => {
    const market = drawMarket(uniform(seed), 12, 40)
    const cut = (panel: FeaturePanel, from: number): FeaturePanel => ({
      ...panel,
      dates: panel.dates.slice(from),
      values: panel.values.slice(from * panel.columns.length * panel.instruments.length),
    })
    const long = createScaler(market.prices, market.prices.columns).window(39, 10, all(market.prices))
    const short = createScaler(cut(market.prices, 29), market.prices.columns).window(10, 10, all(market.prices))
    expect(short).toEqual(long)
    expect(
      codeOf(() => createScaler(cut(market.prices, 30), market.prices.columns).window(9, 10, all(market.prices))),
    ).toBe('CB_NO_HISTORY')
  })

  it('PV: a split with its factor looks like no split, volumes in the shares of the last day', () => {
    const prices = [
      [10, 20, 5],
      [11, 19, 5.5],
      [12, 18, 4],
    ]
    const split = pvPanel(
      [...prices.slice(0, 2), [6, 18, 4]],
      [
        [10, 50, 9],
        [3, 70, 5],
        [8, 30, 6],
      ],
    )
    const plain = pvPanel(prices, [
      [20, 50, 9],
      [6, 70, 5],
      [8, 30, 6],
    ])
    const factors = Float64Array.of(1, 1, 1, 1, 1, 1, 2, 1, 1)
    const scaled = createScaler(split, split.columns, factors).window(2, 2, all(split))
    expect(scaled).toEqual(createScaler(plain, plain.columns).window(2, 2, all(plain)))
  })

  it('C: winsorised, z-scored, missing 0 beside the mask', () => {
    const values = [1, 2, 3, 4, 100, NaN]
    const panel: FeaturePanel = {
      set: 'C',
      dates: [dates[0]],
      instruments: values.map((_, i) => `N${i}`),
      columns: ['other', 'c'],
      values: Float64Array.from([...values.map(() => NaN), ...values]),
    }
    const { x, mask } = createScaler(panel, ['c']).window(0, 1, all(panel))
    const clipped = [1, 2, 3, 4, 10.413]
    const mean = clipped.reduce((sum, v) => sum + v, 0) / 5
    const deviation = Math.sqrt(clipped.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 5)
    clipped.forEach((value, i) => expect(x[i]).toBeCloseTo((value - mean) / deviation, 6))
    expect(x[5]).toBe(0)
    expect(Array.from(mask)).toEqual([1, 1, 1, 1, 1, 0])
    expect(codeOf(() => createScaler(panel, ['c_absent']))).toBe('CB_ARTIFACT')
  })
})

describe('universe', () => {
  it('gives each name that is not scored its reason', () => {
    const closes = dates.map(() => [10, 10, 10, 10])
    const volumes = [
      [1, NaN, 1, NaN],
      [1, NaN, 1, 1],
      [1, NaN, NaN, NaN],
      [1, 1, NaN, 1],
    ]
    const rules = { lookback: 3, minimumRows: 2, tradedShare: 0.8 }
    expect(universeOf(pvPanel(closes, volumes), dates[3], rules)).toEqual({
      instruments: ['N0'],
      exclusions: [
        { instrument: 'N1', reason: 'too young: 1 of 2 rows' },
        { instrument: 'N2', reason: 'not traded on the day' },
        { instrument: 'N3', reason: 'suspended too often: traded on 2 of 3 days' },
      ],
    })
  })
})

describe('a sample', () => {
  const lookback = 10
  const market = drawMarket(uniform(seed), 14, 190)
  const day = 180
  const date = market.prices.dates[day]
  const before = inputsOf(market, date, lookback)

  it('has the shapes of the network, finite values, and neighbours inside of the section', () => {
    for (const sample of before.samples) {
      expect(sample.n).toBe(sample.instruments.length)
      expect(sample.x.length).toBe(lookback * sample.n * sample.features)
      expect(sample.mask.length).toBe(lookback * sample.n)
      expect(sample.fundamentals.length).toBe(sample.n * 36)
      expect(sample.styles.length).toBe(200)
      expect(sample.x.every(Number.isFinite)).toBe(true)
      for (const list of Object.values(sample.graphs)) {
        expect(list?.length).toBe(sample.n * sample.k)
        expect(list?.every((j) => j >= -1 && j < sample.n)).toBe(true)
      }
    }
  })

  it('drops neighbours outside of the section and moves the others up', () => {
    const sample = assembleSample({
      date,
      lookback,
      scaler: createScaler(market.flows, market.flows.columns),
      section: ['N0001', 'N0003'],
      graphs: {
        flow: {
          name: 'flow',
          asOf: date,
          instruments: ['N0001', 'N0002', 'N0003'],
          k: 2,
          neighbours: Int32Array.of(1, 2, 0, 2, 0, -1),
        },
      },
      styles: { values: new Float32Array(200), complete: false },
    })
    expect(Array.from(sample.graphs.flow ?? [])).toEqual([1, -1, 0, -1])
    expect(sample.graphs.industry).toBeNull()
    expect(sample.label.length).toBe(0)
  })

  it('refuses graphs of a later date, foreign names and labels of another length', () => {
    const graph = { name: 'flow', asOf: '2099-01-01', instruments: [], k: 2, neighbours: new Int32Array(0) } as const
    const parts = {
      date,
      lookback,
      scaler: createScaler(market.flows, market.flows.columns),
      section: ['N0001'],
      graphs: {},
      styles: { values: new Float32Array(200), complete: false },
    }
    expect(codeOf(() => assembleSample({ ...parts, graphs: { flow: graph } }))).toBe('CB_ENGINE_INPUT')
    expect(codeOf(() => assembleSample({ ...parts, section: ['X'] }))).toBe('CB_ENGINE_INPUT')
    expect(codeOf(() => assembleSample({ ...parts, label: new Float32Array(2) }))).toBe('CB_ENGINE_INPUT')
    expect(codeOf(() => assembleSample({ ...parts, date: '1999-01-01' }))).toBe('CB_NO_HISTORY')
  })

  it('no look-ahead: whatever changes after the day leaves samples, graphs and styles the same bytes', () => {
    expect(bytesOf(inputsOf(market, date, lookback))).toEqual(bytesOf(before))
    const datum = fc.record({
      what: fc.constantFrom(...perturbable),
      at: fc.nat(),
      value: fc.constantFrom(NaN, 0, -1, 1e9),
    })
    fc.assert(
      fc.property(datum, ({ what, at, value }) => {
        const changed = perturbed(market, what, day, at, value)
        expect(bytesOf(inputsOf(changed, date, lookback))).toEqual(bytesOf(before))
      }),
      { seed, numRuns: 25 },
    )
  })

  it('sees what changes before', () => {
    const n = market.prices.instruments.length
    const tradedOn = (at: number, name: number): boolean => !Number.isNaN(market.history.close[at * n + name])
    // A name that comes back from a suspension lies at the bound already, whatever its price.
    const name = market.prices.instruments.findIndex((_, i) => [3, 2, 1, 0].every((age) => tradedOn(day - age, i)))
    // Caps of the day itself are no input of its style returns, and a restatement may not be the latest row.
    for (const what of perturbable.filter((part) => part !== 'fundamentals')) {
      const changed = perturbed(market, what, day - 3, name, 1e15)
      expect(bytesOf(inputsOf(changed, date, lookback))).not.toEqual(bytesOf(before))
    }
  })
})

const perturbable = ['prices', 'flows', 'close', 'floatCap', 'totalCap', 'fundamentals'] as const

const bytesOf = (inputs: DayOfInputs): Buffer[] =>
  [
    ...inputs.samples.flatMap((s) => [s.x, s.mask, s.fundamentals, s.styles]),
    ...inputs.samples.flatMap((s) => Object.values(s.graphs).map((list) => list ?? new Int32Array(0))),
    ...inputs.graphs.map((graph) => graph.neighbours),
    inputs.styles,
  ].map((array) => Buffer.from(array.buffer, array.byteOffset, array.byteLength))

/** The market with one datum after the day replaced. */
function perturbed(
  market: DrawnMarket,
  what: (typeof perturbable)[number],
  day: number,
  at: number,
  value: number,
): DrawnMarket {
  const after = (values: Float64Array, perDay: number): Float64Array => {
    const changed = values.slice()
    const first = (day + 1) * perDay
    changed[first + (at % (values.length - first))] = value
    return changed
  }
  const names = market.prices.instruments.length
  if (what === 'prices')
    return { ...market, prices: { ...market.prices, values: after(market.prices.values, 6 * names) } }
  if (what === 'flows') {
    const perDay = market.flows.columns.length * names
    return { ...market, flows: { ...market.flows, values: after(market.flows.values, perDay) } }
  }
  if (what === 'fundamentals') return { ...market, fundamentals: restated(market, day, at, value) }
  return { ...market, history: { ...market.history, [what]: after(market.history[what], names) } }
}

function restated(market: DrawnMarket, day: number, at: number, value: number): DrawnMarket['fundamentals'] {
  const rows = market.fundamentals
  const later = rows.usableFrom.flatMap((from, row) => (from > market.prices.dates[day] ? [row] : []))
  const values = rows.values.slice()
  values[later[at % later.length] * 36 + (at % 36)] = value
  return { ...rows, values }
}
