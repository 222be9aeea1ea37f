import { ClosebellError } from '../../schemas/errors.js'
import { sets } from '../../schemas/topics.js'
import { evaluateFactor } from '../../models/evaluation/factor-evaluation.js'
import { factorCorrelation } from '../../models/evaluation/factor-series.js'
import { spreadOf } from '../../models/evaluation/performance.js'
import { hasSa } from '../../models/network/spec.js'
import { StoredMarket } from '../workers/training/stored-market.js'
import { chooseArtifact } from './choose-artifact.js'
import { composeFactor } from './composite-factor.js'
import { capacityOf } from './capacity.js'
import { loadPrices } from './prices.js'
import { scoreFactor } from './score-factors.js'
import { survivorsOf } from './survivors.js'
/** Groups of a section; domain.md §9. */
const groups = 10
/** Days a year in every annual figure; domain.md §9. */
const daysPerYear = 252
/** Costs a side: none, the reading of thirty basis points a round trip, and twice that. */
const costs = [0, 0.0015, 0.003]
const decayHorizons = [1, 5, 10, 20]
/** Scores the asked sets over a span with the artifacts of the folder and measures them. */
export async function runBacktest(request) {
  const { store, models, horizon } = request
  const names = await scoredSets(request)
  const artifacts = []
  for (const set of names) artifacts.push(await chooseArtifact(models, { ...request, set }))
  const labelPrice = commonLabelPrice(artifacts)
  const horizons = [...new Set([...decayHorizons, horizon])].sort((a, b) => a - b)
  const prices = await loadPrices({ ...request, horizons, labelPrice })
  if (prices.first < 0 || prices.last < prices.first) {
    throw new ClosebellError('CB_NO_HISTORY', `no PV row is stored of ${request.from} to ${request.to}`)
  }
  const market = await StoredMarket.load({
    store,
    profile: request.profile,
    from: request.from,
    to: request.to,
    lookback: Math.max(...artifacts.map(({ manifest }) => manifest.spec.lookback)),
    styles: request.sets.includes('ML_C') || artifacts.some(({ manifest }) => hasSa(manifest.spec.family)),
  })
  const scored = []
  for (const artifact of artifacts) {
    const { set } = artifact.manifest
    const onDay = (date) => request.onDay(set, date)
    scored.push(await scoreFactor({ store, engine: request.engine, market, artifact, frame: prices, onDay }))
  }
  if (request.sets.includes('ML_C')) {
    const hashes = artifacts.map(({ manifest }) => manifest.hash)
    const model = await models.composite()
    const parts = { market, styles: market.styles, prices, horizon }
    scored.push(composeFactor({ factors: scored, artifacts: hashes, model, ...parts }))
  }
  return resultOf(request, prices, artifacts, scored, survivorsOf(market.listings, prices), labelPrice)
}
/** ML_C alone is composed of every set that has an artifact. */
async function scoredSets({ sets: asked, models }) {
  const own = sets.filter((set) => asked.includes(set))
  if (!asked.includes('ML_C') || own.length > 1) return own
  const having = []
  for (const set of sets) if ((await models.list(set)).length > 0) having.push(set)
  if (having.length > 1) return having
  throw new ClosebellError('CB_USAGE', `ML_C is made of two sets or more; the models have ${having.join() || 'none'}`)
}
/** RankIC is taken on the price that the labels were made of, so all of a report must share it. */
function commonLabelPrice(artifacts) {
  const prices = new Set(artifacts.map(({ manifest }) => manifest.labelPrice))
  const [price] = prices
  if (price === undefined || prices.size > 1)
    throw new ClosebellError('CB_ARTIFACT', `the artifacts have labels of ${[...prices].join(' and ')} prices`)
  return price
}
function resultOf(request, prices, artifacts, scored, survivors, labelPrice) {
  const { first, last, market } = prices
  const rules = { horizon: request.horizon, groups, first, last, daysPerYear, costs }
  const reported = scored.filter(({ set }) => request.sets.includes(set))
  const factors = reported.map((factor) => ({
    factor,
    manifest: artifacts.find(({ manifest }) => manifest.set === factor.set)?.manifest ?? null,
    raw: evaluateFactor(factor.raw, market, rules),
    neutral: evaluateFactor(factor.neutral, market, rules),
    capacity: capacityOf(factor.raw, prices, groups),
  }))
  const correlation = reported.map((a) =>
    reported.map((b) => (a === b ? 1 : spreadOf(factorCorrelation(a.raw, b.raw, market)).mean)),
  )
  const { from, to, horizon, inSample, profile } = request
  return { from, to, horizon, inSample, profile, labelPrice, rules, prices, factors, correlation, survivors }
}
//# sourceMappingURL=backtest.js.map
