import { describe, expect, it } from 'vitest'
import { composeMlC, requiredSets } from '../../models/composite/compose.ts'
import { longOnlyExcess, longOnlyWeights } from '../../models/composite/long-only-weights.ts'
import { neutralise } from '../../models/composite/neutralise.ts'
import { parameterCount, stateDay, stateForward, stateLoss, type StateDay } from '../../models/composite/state-loss.ts'
import { stateWeights, trainStateWeights } from '../../models/composite/state-weights.ts'
import { pearson } from '../../models/evaluation/correlation.ts'
import { solve } from '../../models/inputs/linear-system.ts'
import { seed } from '../seed.ts'
import { normal, uniform } from './drawn-market.ts'

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0)

describe('neutralise', () => {
  const random = uniform(seed)
  const n = 60
  const industries = Array.from({ length: n }, (_, i) => `I${i % 4}`)
  const lnCap = Float64Array.from({ length: n }, (_, i) => 20 + (i % 4) + normal(random))
  const raw = Float64Array.from(lnCap, (cap, i) => 0.3 * cap + (i % 4) + normal(random))

  it('is the z-scored residual of the OLS with all dummies', () => {
    const width = 5
    const row = (i: number): number[] => [lnCap[i], ...[0, 1, 2, 3].map((k) => (i % 4 === k ? 1 : 0))]
    const normalMatrix = new Float64Array(width * width)
    const right = new Float64Array(width)
    for (let i = 0; i < n; i++) {
      row(i).forEach((x, a) => {
        right[a] += x * raw[i]
        row(i).forEach((y, b) => (normalMatrix[a * width + b] += x * y))
      })
    }
    const fit = solve(normalMatrix, right)
    const residual = raw.map((y, i) => y - sum(row(i).map((x, a) => x * fit[a])))
    const deviation = Math.sqrt(sum(residual.map((x) => x * x)) / n)
    neutralise(raw, lnCap, industries).forEach((z, i) => expect(z).toBeCloseTo(residual[i] / deviation, 8))
  })

  it('keeps NaN, and the others do not see that name', () => {
    const holed = raw.map((value, i) => (i === 7 ? NaN : value))
    const without = neutralise(
      raw.filter((_, i) => i !== 7),
      lnCap.filter((_, i) => i !== 7),
      industries.filter((_, i) => i !== 7),
    )
    const found = neutralise(holed, lnCap, industries)
    expect(found[7]).toBeNaN()
    expect(Array.from(found.filter((_, i) => i !== 7))).toEqual(Array.from(without))
    expect(neutralise(raw, lnCap.with(7, NaN), industries)[7]).toBeNaN()
  })

  it('is 0 where cap and industry explain everything', () => {
    const explained = lnCap.map((cap, i) => 0.1 + 2 * cap - (i % 4))
    expect(Array.from(neutralise(explained, lnCap, industries)).every((z) => z === 0)).toBe(true)
    expect(Array.from(neutralise(Float64Array.of(1, 3), Float64Array.of(2, 2), ['a', 'a']))).toEqual([-1, 1])
  })
})

describe('long-only weights', () => {
  const dates = Array.from({ length: 200 }, (_, day) => `D${String(day).padStart(3, '0')}`)
  const history = (of: (day: number, set: number) => number) => ({
    dates,
    sets: 3,
    excess: Float64Array.from({ length: 600 }, (_, at) => of(Math.floor(at / 3), at % 3)),
  })

  it('are proportional to the positive mean excess of the last 12 periods that ended', () => {
    const { weights, flags } = longOnlyWeights(
      history((_, set) => [0.03, 0.01, -0.02][set]),
      'D190',
      10,
    )
    expect(Array.from(weights)).toEqual([0.75, 0.25, 0].map((w) => expect.closeTo(w, 12)))
    expect(flags).toEqual([])
  })

  it('read the days d−1−H, d−1−2H, ... and no other, twelve at most', () => {
    const counted = new Set(Array.from({ length: 12 }, (_, period) => 190 - 11 - 10 * period))
    const planted = longOnlyWeights(
      history((day, set) => (counted.has(day) ? [1, 3, 0][set] : 1e6 * (set + 1))),
      'D190',
      10,
    )
    expect(Array.from(planted.weights)).toEqual([0.25, 0.75, 0])
  })

  it('are equal and flagged before the first period ends, equal when none is positive', () => {
    const early = longOnlyWeights(
      history(() => 1),
      'D010',
      10,
    )
    expect([sum(early.weights), early.flags]).toEqual([expect.closeTo(1, 12), ['equal-long-only']])
    expect(
      longOnlyWeights(
        history(() => 1),
        'D011',
        10,
      ).flags,
    ).toEqual([])
    const negative = longOnlyWeights(
      history(() => -1),
      'D190',
      10,
    )
    expect([negative.weights[0], negative.flags]).toEqual([expect.closeTo(1 / 3, 12), []])
  })

  it('take the top tenth less the mean of all', () => {
    const scores = Array.from({ length: 20 }, (_, i) => i)
    expect(
      longOnlyExcess(
        scores,
        scores.map((i) => (i >= 18 ? 0.1 : 0)),
      ),
    ).toBeCloseTo(0.1 - 0.01, 12)
  })
})

/** Days on which factor 0 is right when the last style return is positive, factor 1 when it is negative. */
function regimeDays(random: () => number, count: number): StateDay[] {
  return Array.from({ length: count }, () => {
    const styles = Float32Array.from({ length: 200 }, () => normal(random))
    const label = Float32Array.from({ length: 40 }, () => normal(random))
    const right = styles[190] > 0 ? 0 : 1
    const factors = [0, 1, 2].map((k) => Float64Array.from(label, (y) => (k === right ? y : 0) + 0.5 * normal(random)))
    const day = stateDay(styles, factors, label)
    if (day === null) throw new Error('the drawn day is whole')
    return day
  })
}

describe('state-adaptive weights of the composite', () => {
  const sets = ['PV', 'C', 'HF']

  it('has the gradient of its loss', () => {
    const random = uniform(seed)
    const shape = { hidden: 4, sets: 3 }
    const days = regimeDays(random, 3)
    const parameters = Float64Array.from({ length: parameterCount(shape) }, () => 0.1 * normal(random))
    const { gradient } = stateLoss(parameters, shape, days)
    const largest = Math.max(...gradient.map(Math.abs))
    const at = [0, 190, 4 * 200, 4 * 200 + 3, 4 * 201, 4 * 201 + 11, parameters.length - 3, parameters.length - 1]
    for (let drawn = 0; drawn < 40; drawn++) at.push(Math.floor(random() * parameters.length))
    for (const p of at) {
      const lossAt = (step: number): number => stateLoss(parameters.with(p, parameters[p] + step), shape, days).loss
      const numeric = (lossAt(1e-5) - lossAt(-1e-5)) / 2e-5
      expect(Math.abs(numeric - gradient[p]) / largest).toBeLessThan(1e-6)
    }
  })

  it('its loss is minus the correlation of the weighted factors with the label', () => {
    const random = uniform(seed)
    const label = Float32Array.from({ length: 30 }, () => normal(random))
    const factors = [0, 1].map(() => Float64Array.from(label, (y, i) => (i === 3 ? NaN : y + normal(random))))
    const day = stateDay(new Float32Array(200), factors, label)
    const shape = { hidden: 2, sets: 2 }
    const parameters = new Float64Array(parameterCount(shape))
    const mixed = factors[0].map((value, i) => (value + factors[1][i]) / 2)
    const { loss } = stateLoss(parameters, shape, day === null ? [] : [day])
    expect(loss).toBeCloseTo(-pearson(mixed, label) - 0.01 * Math.LN2, 12)
  })

  it('golden 10: equal logits give equal weights', () => {
    const shape = { hidden: 2, sets: 3 }
    const { weights } = stateForward(new Float64Array(parameterCount(shape)), shape, new Float32Array(200))
    expect(Array.from(weights)).toEqual([1, 1, 1].map(() => expect.closeTo(1 / 3, 12)))
  })

  it('learns which factor a state calls for, the same from the same seed, through JSON', () => {
    const train = () =>
      trainStateWeights({
        sets,
        days: regimeDays(uniform(7), 120),
        random: uniform(11),
        hidden: 8,
        epochs: 60,
        learningRate: 0.01,
      })
    const model = train()
    expect(train()).toEqual(model)
    const stored = JSON.parse(JSON.stringify(model)) as typeof model
    const weightsAt = (last: number) => {
      const values = new Float32Array(200)
      values[190] = last
      return stateWeights(stored, sets, { values, complete: true }).weights
    }
    expect(sum(weightsAt(2))).toBeCloseTo(1, 12)
    expect(weightsAt(2)[0]).toBeGreaterThan(weightsAt(2)[1] + 0.1)
    expect(weightsAt(-2)[1]).toBeGreaterThan(weightsAt(-2)[0] + 0.1)
  })

  it('are equal and flagged without a model or a whole window; foreign sets are refused', () => {
    const whole = { values: new Float32Array(200), complete: true }
    expect(trainStateWeights({ sets, days: [], random: uniform(1) })).toBeNull()
    expect(stateWeights(null, sets, whole).flags).toEqual(['equal-sa'])
    const model = trainStateWeights({ sets, days: regimeDays(uniform(1), 2), random: uniform(1), hidden: 2, epochs: 1 })
    expect(stateWeights(model, sets, whole).flags).toEqual([])
    expect(stateWeights(model, sets, { ...whole, complete: false }).flags).toEqual(['equal-sa'])
    expect(() => stateWeights(model, ['PV', 'C'], whole)).toThrow(/CB_ARTIFACT/)
  })
})

describe('ML_C', () => {
  const lnFloatCap = Float64Array.of(1, 2, 3, 1, 2, 4)
  const industries = ['a', 'a', 'a', 'b', 'b', 'b']
  const factors = [
    Float64Array.of(1, 2, -1, 0.5, NaN, NaN),
    Float64Array.of(0, -1, 1, NaN, NaN, 2),
    Float64Array.of(-1, 1, 2, 1, 3, 1),
  ]
  const compose = (requireAtLeast: number) =>
    composeMlC({
      factors,
      saWeights: [0.5, 0.3, 0.2],
      longOnlyWeights: [1, 0, 0],
      requireAtLeast,
      lnFloatCap,
      industries,
    })

  it('weights are half of each part and sum to 1', () => {
    const { weights } = compose(2)
    expect(Array.from(weights)).toEqual([0.75, 0.15, 0.1].map((w) => expect.closeTo(w, 12)))
    expect(sum(weights)).toBeCloseTo(1, 12)
  })

  it('shares the weight of a missing factor out over those that a name has, and requires enough of them', () => {
    const { raw, neutral } = compose(2)
    expect(raw[0]).toBeCloseTo(0.75 - 0.1, 12)
    expect(raw[3]).toBeCloseTo((0.75 * 0.5 + 0.1) / 0.85, 12)
    expect(raw[4]).toBeNaN()
    expect(raw[5]).toBeCloseTo((0.15 * 2 + 0.1) / 0.25, 12)
    expect(Array.from(neutral)).toEqual(Array.from(neutralise(raw, lnFloatCap, industries)))
    expect(compose(1).raw[4]).toBeCloseTo(3, 12)
    expect(compose(3).raw[3]).toBeNaN()
  })

  it('asks for 60 % of the promoted sets', () => {
    expect([1, 2, 3, 4, 5].map(requiredSets)).toEqual([1, 2, 2, 3, 3])
  })

  it('refuses weights for another number of sets', () => {
    const parts = { factors, requireAtLeast: 2, lnFloatCap, industries }
    expect(() => composeMlC({ ...parts, saWeights: [1], longOnlyWeights: [1, 0, 0] })).toThrow(/CB_ENGINE_INPUT/)
  })
})
