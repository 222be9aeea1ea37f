import type { SetName } from '../../../schemas/topics.ts'
import { modelRules } from '../../../schemas/catalogue/index.ts'
import { assembleSample } from '../../../models/inputs/assemble.ts'
import type { Fundamentals } from '../../../models/inputs/fundamentals.ts'
import { createScaler, type ScaledDay } from '../../../models/inputs/scaling.ts'
import { styleWindow, type StyleHistory } from '../../../models/inputs/style-window.ts'
import { universeOf, type Exclusion, type Universe } from '../../../models/inputs/universe.ts'
import type { Scaler } from '../../../models/inputs/window.ts'
import { hasFundamentals, hasGraphs, type NetworkSpec } from '../../../models/network/spec.ts'
import { fundamentalCount, type DaySample, type FeaturePanel, type Graph } from '../../../models/sample.ts'
import type { GraphName } from '../../../models/sample.ts'

/** Share of the window's days on which a name must have traded. */
const tradedShare = 0.8

/** What `open` knew before a date: names that may be scored, graphs, fundamentals. */
export interface DayInputs {
  /** Sorted symbols of the exposures record. */
  readonly eligible: readonly string[]
  readonly graphs: Readonly<Partial<Record<GraphName, Graph>>>
  readonly fundamentals: Fundamentals | null
}

export const modelColumns = (set: SetName): string[] => modelRules(set).map((rule) => rule.id)

/** The names of a date that are scored: eligible ones that traded enough in the window; the others with the reason. */
export function sectionOf(pv: FeaturePanel, date: string, lookback: number, eligible: readonly string[]): Universe {
  const traded = universeOf(pv, date, { lookback, minimumRows: 1, tradedShare })
  const scored = new Set(traded.instruments)
  const reasons = new Map(traded.exclusions.map((exclusion) => [exclusion.instrument, exclusion.reason]))
  const exclusions: Exclusion[] = eligible
    .filter((instrument) => !scored.has(instrument))
    .map((instrument) => ({ instrument, reason: reasons.get(instrument) ?? 'not traded in the window' }))
  return { instruments: eligible.filter((instrument) => scored.has(instrument)), exclusions }
}

/**
 * Builds the samples of one set: in training from the store, in a model worker from the log, by the same code.
 * Scaled days are kept, so that windows that overlap share them.
 */
export class SampleBuilder {
  private readonly scaler: Scaler
  private readonly pv: FeaturePanel
  private readonly spec: NetworkSpec
  private readonly styles: StyleHistory

  /** @param scaled days of the panel that were scaled before; PV is scaled by its window */
  constructor(
    panel: FeaturePanel,
    pv: FeaturePanel,
    styles: StyleHistory,
    spec: NetworkSpec,
    scaled?: (day: number) => ScaledDay,
  ) {
    this.scaler = createScaler(panel, panel.columns, panel.factors, scaled)
    this.pv = pv
    this.spec = spec
    this.styles = styles
  }

  section(date: string, inputs: DayInputs): Universe {
    return sectionOf(this.pv, date, this.spec.lookback, inputs.eligible)
  }

  build(date: string, inputs: DayInputs, section: readonly string[], label?: Float32Array): DaySample {
    return this.assemble(date, this.spec.lookback, inputs, section, label)
  }

  /** With the last day of the window alone, for sets that are scaled day by day. */
  buildLast(date: string, inputs: DayInputs, section: readonly string[]): DaySample {
    return this.assemble(date, 1, inputs, section)
  }

  private assemble(
    date: string,
    lookback: number,
    inputs: DayInputs,
    section: readonly string[],
    label?: Float32Array,
  ): DaySample {
    const { spec } = this
    return assembleSample({
      date,
      lookback,
      scaler: this.scaler,
      section,
      graphs: hasGraphs(spec.family) ? inputs.graphs : {},
      ...(hasFundamentals(spec.family) ? { fundamentals: inputs.fundamentals ?? unreported(date, section) } : {}),
      styles: styleWindow(this.styles, date),
      ...(label === undefined ? {} : { label }),
    })
  }
}

/** What the head reads where no report is known: every indicator missing, so 0, the mean of the section. */
const unreported = (asOf: string, instruments: readonly string[]): Fundamentals => ({
  asOf,
  instruments,
  values: new Float64Array(instruments.length * fundamentalCount).fill(Number.NaN),
})
