import type { SetName } from '../../../schemas/topics.ts'
import { beforeEmbargo, forwardReturns } from '../../../models/inputs/labels.ts'
import { hasSa, type NetworkSpec } from '../../../models/network/spec.ts'
import type { LabelPrice } from '../../../models/training/artifact.ts'
import type { DaySeries } from '../../../models/training/day-series.ts'
import type { Store } from '../../ports/store.ts'
import { comparablePrices } from '../history/prices.ts'
import { SampleSource } from './sample-source.ts'
import { StoredMarket } from './stored-market.ts'

export interface Span {
  readonly from: string
  readonly to: string
}

export interface SampleRequest {
  readonly store: Store
  readonly profile: string
  readonly set: SetName
  readonly spec: NetworkSpec
  readonly horizon: number
  /** Price that the label buys and sells at; VWAP where none is said. */
  readonly labelPrice?: LabelPrice
  readonly train: Span
  readonly validate: Span
}

export interface LabelledSeries {
  readonly train: DaySeries
  readonly validate: DaySeries
  /** Training days left out because their label is known only in the validation span. */
  readonly embargoed: number
  readonly sizing: string
  readonly source: SampleSource
}

/**
 * Samples of both spans, each built when it is asked for, by the code that a model worker scores with. Nothing after
 * `validate.to` is read.
 */
export async function labelledSeries(request: SampleRequest): Promise<LabelledSeries> {
  const { store, profile, set, spec, horizon, train, validate } = request
  const market = await StoredMarket.load({
    store,
    profile,
    from: train.from,
    to: validate.to,
    lookback: spec.lookback,
    styles: hasSa(spec.family),
  })
  const source = await SampleSource.over(store, market, set, spec)
  const { pv } = market
  const prices = comparablePrices(pv, request.labelPrice === 'close' ? 'pv_close' : 'pv_vwap')
  const forward = forwardReturns({ dates: pv.dates, instruments: pv.instruments, prices }, horizon)
  const validateFrom = pv.dates.findIndex((date) => date >= validate.from)
  const end = validateFrom < 0 ? pv.dates.length : validateFrom
  const trainDays = daysOf(source, train)
  const kept = beforeEmbargo(trainDays, horizon, end)
  const validateDays = beforeEmbargo(daysOf(source, validate), horizon, pv.dates.length)
  const series = (days: readonly number[], before: number): DaySeries => ({
    count: days.length,
    sample: (day) => source.sample(pv.dates[days[day] as number] as string, { forward, before }),
  })
  return {
    train: series(kept, end),
    validate: series(validateDays, pv.dates.length),
    embargoed: trainDays.length - kept.length,
    sizing: await sizingOf(store, train, validate),
    source,
  }
}

/** Indices of a span's dates in the market's PV. */
function daysOf(source: SampleSource, span: Span): number[] {
  const placeOf = new Map(source.market.pv.dates.map((date, day) => [date, day]))
  return source.dates.filter((date) => date >= span.from && date <= span.to).map((date) => placeOf.get(date) as number)
}

/** Sizing of the flow buckets in the rows of the spans; they hold one. */
async function sizingOf(store: Store, train: Span, validate: Span): Promise<string> {
  const dates = await store.dates('c', train.from, validate.to)
  const date = dates.at(-1)
  if (date === undefined) return 'order'
  const rows = await store.panel({ table: 'c', columns: ['sizing'], from: date, to: date })
  const sizing = rows.columns['sizing']?.[0]
  return typeof sizing === 'string' ? sizing : 'order'
}
