import { shiftTradingDays, tradingDays } from '../../../schemas/calendars/index.ts'
import { profileOf } from '../../../schemas/profiles/index.ts'
import type { SetName } from '../../../schemas/topics.ts'
import {
  beforeEmbargo,
  forwardReturns,
  knownReturns,
  scaleLabel,
  type ForwardReturns,
} from '../../../models/inputs/labels.ts'
import type { NetworkSpec } from '../../../models/network/spec.ts'
import type { DaySample, FeaturePanel } from '../../../models/sample.ts'
import type { Store } from '../../ports/store.ts'
import { vwapGrid } from '../close/composite.ts'
import { storedPanel } from '../history/panels.ts'
import { modelColumns, SampleBuilder, type DayInputs } from '../scoring/sample-builder.ts'
import { panelDays, styleHistoryDays } from '../scoring/score-job.ts'
import { storedInputs, storedStyles } from './stored-inputs.ts'

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
  readonly train: Span
  readonly validate: Span
}

export interface LabelledDays {
  readonly train: readonly DaySample[]
  readonly validate: readonly DaySample[]
  /** Training days left out because their label is known only in the validation span. */
  readonly embargoed: number
  readonly sizing: string
}

/** Samples of both spans, made by the code that a model worker scores with. Nothing after `validate.to` is read. */
export async function labelledDays(request: SampleRequest): Promise<LabelledDays> {
  const { store, set, spec, horizon, train, validate } = request
  const profile = profileOf(request.profile)
  const from = shiftTradingDays(profile, train.from, -panelDays(spec.lookback))
  const pv = await storedPanel(store, 'PV', modelColumns('PV'), from, validate.to)
  const panel = set === 'PV' ? pv : await storedPanel(store, set, modelColumns(set), from, validate.to)
  const styles = await storedStyles(store, shiftTradingDays(profile, train.from, -styleHistoryDays), validate.to)
  const inputs = await storedInputs(store, request.profile, train.from, validate.to)
  const forward = forwardReturns({ dates: pv.dates, instruments: pv.instruments, prices: vwapGrid(pv) }, horizon)
  const builder = new SampleBuilder(panel, pv, styles, spec)
  const usable = daysWithInputs(panel, pv, inputs, spec)
  const validateFrom = pv.dates.findIndex((date) => date >= validate.from)
  const trainDays = daysOf(pv, usable, train)
  const kept = validateFrom < 0 ? trainDays : beforeEmbargo(trainDays, horizon, validateFrom)
  const validateDays = beforeEmbargo(daysOf(pv, usable, validate), horizon, pv.dates.length)
  const sample = (day: number, before: number): DaySample => labelled(builder, inputs, pv, forward, day, before)
  return {
    train: kept.map((day) => sample(day, validateFrom < 0 ? pv.dates.length : validateFrom)),
    validate: validateDays.map((day) => sample(day, pv.dates.length)),
    embargoed: trainDays.length - kept.length,
    sizing: await sizingOf(store, train, validate),
  }
}

function labelled(
  builder: SampleBuilder,
  inputs: ReadonlyMap<string, DayInputs>,
  pv: FeaturePanel,
  forward: ForwardReturns,
  day: number,
  before: number,
): DaySample {
  const date = pv.dates[day] as string
  const known = inputs.get(date) as DayInputs
  const section = builder.section(date, known).instruments
  return builder.build(date, known, section, scaleLabel(knownReturns(forward, day, section, before)))
}

/** Days whose windows are whole in both panels and for which `open` published its inputs. */
function daysWithInputs(
  panel: FeaturePanel,
  pv: FeaturePanel,
  inputs: ReadonlyMap<string, DayInputs>,
  spec: NetworkSpec,
): Set<string> {
  const own = new Set(panel.dates.slice(spec.lookback - 1))
  return new Set(pv.dates.slice(panelDays(spec.lookback) - 1).filter((date) => own.has(date) && inputs.has(date)))
}

const daysOf = (pv: FeaturePanel, usable: ReadonlySet<string>, span: Span): number[] =>
  [...pv.dates.keys()].filter((day) => {
    const date = pv.dates[day] as string
    return date >= span.from && date <= span.to && usable.has(date)
  })

/** Sizing of the flow buckets in the rows of the spans; they hold one. */
async function sizingOf(store: Store, train: Span, validate: Span): Promise<string> {
  const dates = await store.dates('c', train.from, validate.to)
  const date = dates.at(-1)
  if (date === undefined) return 'order'
  const rows = await store.panel({ table: 'c', columns: ['sizing'], from: date, to: date })
  const sizing = rows.columns['sizing']?.[0]
  return typeof sizing === 'string' ? sizing : 'order'
}

/** Trading days between two spans: the embargo as the manifest states it. */
export const embargoBetween = (profile: string, train: Span, validate: Span): number =>
  Math.max(0, tradingDays(profileOf(profile), train.to, validate.from).length - 2)
