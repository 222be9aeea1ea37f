import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rankIc } from '../../models/evaluation/correlation.ts'
import { evaluateFactor } from '../../models/evaluation/factor-evaluation.ts'
import { normal, seededRandom } from '../../models/training/random.ts'
import type { FeaturePanel } from '../../models/sample.ts'
import { pricesOf } from '../../src/backtest/prices.ts'
import { costOf, machine, median, say } from './measure.ts'

const shape = { days: 250, names: 5000, horizons: [1, 5, 10] }
/** The first round warms the compiler up and is left out. */
const rounds = 5
const correlations = 200

const root = join(import.meta.dirname, '..', '..', '..')

/** Random walks and a factor that knows a little, so that nothing is constant. */
function drawnPanel(): { panel: FeaturePanel; scores: Float64Array; ties: Float64Array } {
  const { days, names } = shape
  const random = seededRandom(20160104)
  const columns = ['pv_high', 'pv_low', 'pv_close', 'pv_vwap', 'pv_volume']
  const values = new Float64Array(days * columns.length * names)
  const close = Float64Array.from({ length: names }, () => 5 + 20 * random())
  const scores = new Float64Array(days * names)
  for (let day = 0; day < days; day++) {
    for (let name = 0; name < names; name++) {
      const before = close[name]
      close[name] = before * (1 + 0.02 * normal(random))
      const bar = [1.01 * Math.max(before, close[name]), 0.99 * Math.min(before, close[name]), close[name], before, 1e6]
      bar.forEach((value, c) => (values[(day * columns.length + c) * names + name] = value))
      scores[day * names + name] = normal(random)
    }
  }
  const dates = Array.from({ length: days }, (_, day) =>
    new Date(Date.UTC(2016, 0, 4) + day * 86_400_000).toISOString().slice(0, 10),
  )
  const instruments = Array.from({ length: names }, (_, i) => `${600000 + i}.SH`)
  const ties = Float64Array.from({ length: names }, () => Math.round(50 * normal(random)) / 50)
  return { panel: { set: 'PV', dates, instruments, columns, values }, scores, ties }
}

interface PythonFigures {
  readonly report: { readonly seconds: number; readonly cpu_seconds: number }
  readonly spearmanr: { readonly seconds: number; readonly cpu_seconds: number; readonly value: number }
}

function python(panel: FeaturePanel, scores: Float64Array, ties: Float64Array): PythonFigures {
  const interpreter = join(root, '.python', 'bin', 'python')
  if (!existsSync(interpreter)) throw new Error('no Python: run npm run setup:python')
  const folder = mkdtempSync(join(tmpdir(), 'closebell-bench-'))
  try {
    const { days, names, horizons } = shape
    const close = new Float64Array(days * names)
    for (let day = 0; day < days; day++) {
      close.set(panel.values.subarray((day * 5 + 2) * names, (day * 5 + 3) * names), day * names)
    }
    for (const [name, values] of Object.entries({ scores, close, ties }))
      writeFileSync(join(folder, `${name}.f64`), values)
    const script = join(root, 'test', 'bench', 'alphalens_report.py')
    const words = [script, folder, String(days), String(names), horizons.join()]
    const ran = spawnSync(interpreter, words, { encoding: 'utf8', maxBuffer: 1 << 26 })
    if (ran.status !== 0) throw new Error(ran.stderr)
    return JSON.parse(ran.stdout) as PythonFigures
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** One factor's report and one RankIC, beside alphalens-reloaded and scipy on the same numbers. */
export async function report(): Promise<object> {
  const { panel, scores, ties } = drawnPanel()
  const { days, horizons } = shape
  const [from, to] = [panel.dates[0], panel.dates[days - 1]]
  const times: { seconds: number; cpuSeconds: number }[] = []
  for (let round = 0; round < rounds; round++) {
    const { seconds, cpuSeconds } = await costOf(() => {
      const prices = pricesOf(panel, { profile: 'cn', from, to, horizons, labelPrice: 'close' })
      const rules = { horizon: 10, groups: 10, first: 0, last: days - 1, daysPerYear: 252, costs: [0, 0.0015, 0.003] }
      return evaluateFactor(scores, prices.market, rules)
    })
    times.push({ seconds, cpuSeconds })
    say(`round ${round}: ${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(2)} s of CPU`)
  }
  const first = scores.subarray(0, shape.names)
  const value = rankIc(first, ties)
  const ranked: { seconds: number; cpuSeconds: number }[] = []
  for (let round = 0; round < rounds; round++) {
    ranked.push(
      await costOf(() => {
        for (let i = 0; i < correlations; i++) rankIc(first, ties)
      }),
    )
  }
  say('alphalens-reloaded and scipy')
  const theirs = python(panel, scores, ties)
  const timed = times.slice(1)
  const seconds = median(timed.map((one) => one.seconds))
  const cpuSeconds = median(timed.map((one) => one.cpuSeconds))
  const ours = {
    seconds: median(ranked.slice(1).map((one) => one.seconds)) / correlations,
    cpu_seconds: median(ranked.slice(1).map((one) => one.cpuSeconds)) / correlations,
  }
  return {
    bench: 'report',
    machine: machine(),
    shape,
    one_factor: { seconds, cpu_seconds: cpuSeconds },
    alphalens_reloaded: theirs.report,
    one_factor_times_faster: theirs.report.cpu_seconds / cpuSeconds,
    rank_ic: { ...ours, value },
    scipy_spearmanr: theirs.spearmanr,
    rank_ic_times_faster: theirs.spearmanr.cpu_seconds / ours.cpu_seconds,
  }
}
