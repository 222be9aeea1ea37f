import { ClosebellError } from '../../schemas/errors.ts'
import { sets, type SetName } from '../../schemas/topics.ts'
import type { Engine } from '../../models/engine.ts'
import { hasSa, type Family } from '../../models/network/spec.ts'
import type { Artifact } from '../../models/training/artifact.ts'
import type { Store } from '../ports/store.ts'
import type { ModelsFolder } from '../workers/models-folder.ts'
import { StoredMarket } from '../workers/training/stored-market.ts'
import { chooseArtifact } from './choose-artifact.ts'
import { composeFactor } from './composite-factor.ts'
import { measureFactors } from './measure.ts'
import { loadPrices, originOf } from './prices.ts'
import type { BacktestResult } from './result.ts'
import { scoreFactor, type ScoredFactor } from './score-factors.ts'
import { survivorsOf } from './survivors.ts'

export type FactorName = SetName | 'ML_C'

export interface BacktestRequest {
  readonly store: Store
  readonly engine: Engine
  readonly models: ModelsFolder
  readonly profile: string
  readonly sets: readonly FactorName[]
  readonly family?: Family
  readonly from: string
  readonly to: string
  readonly horizon: number
  readonly inSample: boolean
  /** Called once it is known how many sections will be scored. */
  readonly onStart: (sections: number) => void
  readonly onDay: (set: string, date: string) => void | Promise<void>
}

/** Days ahead of the decay, beside the horizon itself. */
const decayHorizons = [1, 5, 10, 20]

/** Scores the asked sets over a span with the artifacts of the folder and measures them. */
export async function runBacktest(request: BacktestRequest): Promise<BacktestResult> {
  const { store, models, horizon } = request
  const names = await scoredSets(request)
  const artifacts: Artifact[] = []
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
  request.onStart(artifacts.length * (prices.last - prices.first + 1))
  const scored: ScoredFactor[] = []
  for (const artifact of artifacts) {
    const { set } = artifact.manifest
    const onDay = (date: string): void | Promise<void> => request.onDay(set, date)
    const factor = await scoreFactor({ store, engine: request.engine, market, artifact, frame: prices, onDay })
    refuseEmpty(factor, request)
    scored.push(factor)
  }
  if (request.sets.includes('ML_C')) {
    const hashes = artifacts.map(({ manifest }) => manifest.hash)
    const model = await models.composite()
    const parts = { market, styles: market.styles, prices, horizon }
    scored.push(composeFactor({ factors: scored, artifacts: hashes, model, ...parts }))
  }
  const reported = scored.filter(({ set }) => request.sets.includes(set as FactorName))
  const manifests = artifacts.map(({ manifest }) => manifest)
  const measured = measureFactors({ ...request, prices, factors: reported, manifests })
  const survivors = survivorsOf(market.listings, prices)
  const origin = await originOf(store, request.from, request.to)
  return { ...measured, survivors, labelPrice, ...origin }
}

/** A report of nothing would look like a factor without merit. */
function refuseEmpty({ set, raw, exclusions }: ScoredFactor, { from, to }: BacktestRequest): void {
  if (raw.some((value) => !Number.isNaN(value))) return
  const reasons = [...exclusions].map(([reason, times]) => `${reason} (${times})`).join(', ')
  throw new ClosebellError('CB_NO_HISTORY', `no name of ${set} can be scored from ${from} to ${to}: ${reasons}`)
}

/** ML_C alone is composed of every set that has an artifact. */
async function scoredSets({ sets: asked, models }: BacktestRequest): Promise<SetName[]> {
  const own = sets.filter((set) => asked.includes(set))
  if (!asked.includes('ML_C') || own.length > 1) return own
  const having: SetName[] = []
  for (const set of sets) if ((await models.list(set)).length > 0) having.push(set)
  if (having.length > 1) return having
  throw new ClosebellError('CB_USAGE', `ML_C is made of two sets or more; the models have ${having.join() || 'none'}`)
}

/** RankIC is taken on the price that the labels were made of, so all of a report must share it. */
function commonLabelPrice(artifacts: readonly Artifact[]): Artifact['manifest']['labelPrice'] {
  const prices = new Set(artifacts.map(({ manifest }) => manifest.labelPrice))
  const [price] = prices
  if (price === undefined || prices.size > 1)
    throw new ClosebellError('CB_ARTIFACT', `the artifacts have labels of ${[...prices].join(' and ')} prices`)
  return price
}
