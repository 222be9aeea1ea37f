import type { SetName } from '../../../schemas/topics.ts'
import { knownReturns, scaleLabel, type ForwardReturns } from '../../../models/inputs/labels.ts'
import type { Universe } from '../../../models/inputs/universe.ts'
import { hasFundamentals, hasGraphs, hasSa, type NetworkSpec } from '../../../models/network/spec.ts'
import { graphNames, styleNames, type DaySample, type FeaturePanel } from '../../../models/sample.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { Store } from '../../ports/store.ts'
import { storedPanel } from '../history/panels.ts'
import { modelColumns, SampleBuilder, type DayInputs } from '../scoring/sample-builder.ts'
import { panelDays } from '../scoring/score-job.ts'
import type { StoredMarket } from './stored-market.ts'

/** Outcomes of a sample's names, those that are known before the date of index `before` in the market's PV. */
export interface KnownOutcomes {
  readonly forward: ForwardReturns
  readonly before: number
}

/** Samples of one set and network over a stored market: training and backtest read the same ones. */
export class SampleSource {
  readonly market: StoredMarket
  /** Dates that can be scored, ascending: their windows are whole and their inputs known. */
  readonly dates: readonly string[]
  /** Inputs of the network that the market lacks on all of these dates, in words. */
  readonly masked: readonly string[]
  /** The stored values that samples are made of: PV, then the set's own. */
  readonly panels: readonly FeaturePanel[]
  private readonly builder: SampleBuilder
  private last: { readonly date: string; readonly inputs: DayInputs } | null = null

  private constructor(market: StoredMarket, panel: FeaturePanel, spec: NetworkSpec) {
    this.market = market
    this.dates = scorable(panel, market, spec)
    this.builder = new SampleBuilder(panel, market.pv, market.styles, spec)
    this.masked = maskedInputs(market, this.dates, spec)
    this.panels = panel === market.pv ? [panel] : [market.pv, panel]
  }

  /** @throws ClosebellError CB_NO_HISTORY where no price is stored */
  static async over(store: Store, market: StoredMarket, set: SetName, spec: NetworkSpec): Promise<SampleSource> {
    const columns = modelColumns(set)
    const { pv } = market
    const [first, last] = [pv.dates[0], pv.dates.at(-1)]
    if (first === undefined || last === undefined) throw new ClosebellError('CB_NO_HISTORY', 'no PV row is stored')
    const panel = set === 'PV' ? pv : await storedPanel(store, set, columns, first, last)
    return new SampleSource(market, panel, spec)
  }

  section(date: string): Universe {
    return this.builder.section(date, this.inputs(date))
  }

  /** @throws ClosebellError CB_NO_HISTORY when the window is not whole */
  sample(date: string, outcomes?: KnownOutcomes): DaySample {
    const inputs = this.inputs(date)
    const section = this.builder.section(date, inputs).instruments
    if (outcomes === undefined) return this.builder.build(date, inputs, section)
    const day = this.market.pv.dates.indexOf(date)
    const raw = knownReturns(outcomes.forward, day, section, outcomes.before)
    return this.builder.build(date, inputs, section, scaleLabel(raw))
  }

  private inputs(date: string): DayInputs {
    if (this.last?.date === date) return this.last.inputs
    const inputs = this.market.inputs(date)
    if (inputs === null) throw new ClosebellError('CB_NO_HISTORY', `${date} is not stored, or is the first that is`)
    this.last = { date, inputs }
    return inputs
  }
}

/** Days whose windows are whole in the set's panel and in PV, and that have names to score. */
function scorable(panel: FeaturePanel, market: StoredMarket, spec: NetworkSpec): string[] {
  const own = new Set(panel.dates.slice(spec.lookback - 1))
  const whole = market.pv.dates.slice(panelDays(spec.lookback) - 1)
  return whole.filter((date) => own.has(date) && market.hasNames(date))
}

/** Judged on the last of the dates: what a market has does not come and go. */
function maskedInputs(market: StoredMarket, dates: readonly string[], spec: NetworkSpec): string[] {
  const last = dates.at(-1)
  const inputs = last === undefined ? null : market.inputs(last)
  if (inputs === null) return []
  const masked: string[] = []
  if (hasGraphs(spec.family)) {
    const { graphs } = inputs
    masked.push(...graphNames.filter((name) => graphs[name] === undefined).map((name) => `graph ${name}`))
  }
  if (hasSa(spec.family)) {
    const { returns } = market.styles
    masked.push(
      ...styleNames
        .filter((_, style) => returns.every((value, at) => at % styleNames.length !== style || Number.isNaN(value)))
        .map((name) => `style ${name}`),
    )
  }
  if (hasFundamentals(spec.family) && inputs.fundamentals === null) masked.push('fundamentals')
  return masked
}
