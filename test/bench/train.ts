import { tradingDays } from '../../schemas/calendars/index.ts'
import type { Engine } from '../../models/engine.ts'
import { lossAndGradient, scoreSection } from '../../models/network/network.ts'
import { networkSpec, parameterSlots, type Family } from '../../models/network/spec.ts'
import { createAdam } from '../../models/training/adam.ts'
import { initialParameters } from '../../models/training/initial.ts'
import { normal, permutation, seededRandom } from '../../models/training/random.ts'
import { partOfSection } from '../../models/training/section-part.ts'
import { openEngine } from '../../src/compose/engine.ts'
import { openStore } from '../../src/compose/store.ts'
import { systemClock } from '../../src/compose/clock.ts'
import { dateToEventTime, type Store } from '../../src/ports/store.ts'
import { labelledSeries, type LabelledSeries } from '../../src/workers/training/samples.ts'
import { costOf, machine, median, say, type Cost } from './measure.ts'

/** The recipe of a full market, on as many names as traded in 2013-2015. */
const recipe = { lookback: 40, hidden: 64, features: 6, horizon: 10, sectionShare: 0.5 }
const market = { names: 2200, days: 150, industries: 110 }
/** What ten epochs of two years are: every fifth of 416 days, and of 233 to validate on. */
const whole = { epochs: 10, steps: 83, validated: 47 }
const measured = { warmUp: 3, steps: 24, validated: 12 }

/**
 * One run of the recipe, extrapolated from a few of its steps and validated days: samples built from a store, half
 * sections, gradient, Adam. The peak is a plain product of two matrices on the same engine in the same run.
 */
export async function trainRecipe(): Promise<object> {
  const engine = await openEngine('auto')
  const log = { debug: () => undefined, info: say, warn: say, error: say }
  const store = await openStore('duckdb::memory:', 'write', { clock: systemClock, log })
  await store.ensureTables()
  say(`storing ${market.names} names on ${market.days} days`)
  const dates = await storeMarket(store)
  const families = []
  for (const family of ['gru', 'gru+gat'] as const) {
    say(`${family}: ${measured.steps} steps, ${measured.validated} validated days`)
    families.push(await familyCost(engine, store, dates, family))
  }
  await store.close()
  const peak = peakFlops(engine)
  return {
    machine: machine(),
    engine: { name: engine.name, device: engine.device, kernelBuild: engine.kernelBuild },
    shape: { ...recipe, ...market },
    run: { ...whole, extrapolatedFrom: measured },
    peakGflops: peak / 1e9,
    families: families.map(({ stepFlops, ...cost }) => ({
      ...cost,
      stepGflops: stepFlops / cost.step.seconds / 1e9,
      shareOfPeak: stepFlops / cost.step.seconds / peak,
    })),
    maxRssMb: process.resourceUsage().maxRSS / 1024,
  }
}

async function familyCost(engine: Engine, store: Store, dates: readonly string[], family: Family) {
  const { lookback, hidden, features, horizon } = recipe
  const spec = networkSpec({ family, features, lookback, hidden })
  const at = (day: number): string => dates[day] as string
  const loaded = await costOf(() =>
    labelledSeries({
      ...{ store, profile: 'cn', set: 'PV', spec, horizon, labelPrice: 'close' },
      train: { from: at(lookback), to: at(99) },
      validate: { from: at(100), to: at(dates.length - 1) },
    }),
  )
  const steps = stepsOf(engine, spec, loaded.result)
  for (let s = 0; s < measured.warmUp; s++) steps.train()
  const step = middle(Array.from({ length: measured.steps }, () => timed(steps.train)))
  const validated = middle(Array.from({ length: measured.validated }, (_, day) => timed(() => steps.validate(day))))
  const { epochs } = whole
  const run = (cost: 'seconds' | 'cpuSeconds'): number =>
    loaded[cost] + epochs * (whole.steps * step[cost] + whole.validated * validated[cost])
  const names = Math.round(market.names * recipe.sectionShare)
  return {
    family,
    loadSeconds: loaded.seconds,
    step,
    buildSeconds: middle(Array.from({ length: measured.validated }, (_, day) => timed(() => steps.build(day)))).seconds,
    validatedDay: validated,
    extrapolatedRun: { seconds: run('seconds'), cpuSeconds: run('cpuSeconds') },
    // Forward once and backward twice the products of the GRU; all else is small beside them.
    stepFlops: 3 * 2 * names * lookback * 3 * hidden * (features + hidden),
  }
}

function stepsOf(engine: Engine, spec: ReturnType<typeof networkSpec>, days: LabelledSeries) {
  const random = seededRandom(1)
  const parameters = initialParameters(spec, random)
  const adam = createAdam(parameterSlots(spec), { learningRate: 1e-3, warmUp: 40, clipNorm: 1, decay: [] })
  const order = permutation(days.train.count, random)
  let next = 0
  return {
    train: (): void => {
      const day = order[next++ % order.length] as number
      const sample = partOfSection(days.train.sample(day), recipe.sectionShare, random)
      adam.step(parameters, lossAndGradient(engine, spec, parameters, sample, 0).gradient)
    },
    validate: (day: number): void => void scoreSection(engine, spec, parameters, days.validate.sample(day)),
    build: (day: number): void => void days.train.sample(day),
  }
}

function timed(work: () => void): Cost {
  const wall = performance.now()
  const cpu = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(cpu)
  return { seconds: (performance.now() - wall) / 1000, cpuSeconds: (user + system) / 1e6 }
}

const middle = (costs: readonly Cost[]): Cost => ({
  seconds: median(costs.map((cost) => cost.seconds)),
  cpuSeconds: median(costs.map((cost) => cost.cpuSeconds)),
})

/** Best of five products of two square matrices, in operations a second. */
function peakFlops(engine: Engine): number {
  const size = engine.name === 'reference' ? 256 : 2048
  const random = seededRandom(2)
  const matrix = Float32Array.from({ length: size * size }, () => normal(random))
  const seconds = engine.scope(() => {
    const [a, b] = [engine.upload(matrix, [size, size]), engine.upload(matrix, [size, size])]
    const bias = engine.upload(new Float32Array(size), [size])
    return Array.from({ length: 6 }, () => timed(() => void engine.linear(a, b, bias)).seconds)
  })
  return (2 * size ** 3) / Math.min(...seconds.slice(1))
}

/** Random walks with listings, written as an import leaves them. */
async function storeMarket(store: Store): Promise<string[]> {
  const { names, days, industries } = market
  const random = seededRandom(3)
  const dates = tradingDays('cn', '2022-01-04', '2022-12-30').slice(0, days)
  const instruments = Array.from({ length: names }, (_, i) => `${600000 + i}.SH`)
  const level = Float64Array.from({ length: names }, () => 5 + 20 * random())
  for (const date of dates) {
    const time = new Float64Array(names).fill(dateToEventTime(date))
    const close = level.map((price) => price * Math.exp(0.02 * normal(random)))
    const drawn = (ratio: number): Float64Array => close.map((price) => price * (ratio + 0.002 * random()))
    await store.append('pv', {
      count: names,
      columns: {
        ...{ event_time: time, known_at: time, instrument: instruments, revision: new Float64Array(names) },
        ...{ pv_open: drawn(0.995), pv_high: drawn(1.01), pv_low: drawn(0.98), pv_close: close, pv_vwap: drawn(0.998) },
        pv_volume: close.map(() => Math.exp(14 + normal(random))),
      },
    })
    level.set(close)
  }
  const listed = new Float64Array(names).fill(dateToEventTime('2010-01-04'))
  await store.append('instruments', {
    count: names,
    columns: {
      ...{ event_time: listed, known_at: listed, instrument: instruments, revision: new Float64Array(names) },
      ...{ name: instruments, industry: instruments.map((_, i) => `I${i % industries}`) },
      float_shares: level.map(() => Math.exp(19 + normal(random))),
      total_shares: level.map(() => 1e9),
      list_date: instruments.map(() => '2010-01-04'),
      listed: new Float64Array(names).fill(1),
    },
  })
  return dates
}
