import type { Input, Job, Panel, Result } from '../../../schemas/day.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { SetName } from '../../../schemas/topics.ts'
import type { Engine } from '../../../models/engine.ts'
import type { ScaledDay } from '../../../models/inputs/scaling.ts'
import type { StyleHistory } from '../../../models/inputs/style-window.ts'
import { graphNames, styleNames, type Graph } from '../../../models/sample.ts'
import type { Artifact } from '../../../models/training/artifact.ts'
import { checkArtifact } from '../../../models/training/artifact.ts'
import { resultOf, scoreInSteps } from '../../../models/training/score.ts'
import { codecs, sha256 } from '../../wire/index.ts'
import { fingerprints } from '../fingerprints.ts'
import { framePanels } from '../history/panels.ts'
import { fundamentalsOf, graphOf } from './inputs.ts'
import { EarlierDays } from './earlier-days.ts'
import { modelColumns, SampleBuilder, type DayInputs } from './sample-builder.ts'

/** Days of PV that a window of `lookback` days reads: one more, for the close before its first. */
export const panelDays = (lookback: number): number => lookback + 1

/** Trailing style returns that a window and its deviations read. */
export const styleHistoryDays = 252

/** What a job names. */
export interface JobRecords {
  readonly panels: readonly Panel[]
  readonly pv: readonly Panel[]
  readonly inputs: readonly Input[]
  readonly styles: readonly Input[]
}

export const jobHash = (job: Job): string => sha256(codecs.job.encode(job))

export const styleHistoryOf = (styles: readonly Input[]): StyleHistory => {
  const returns = new Float64Array(styles.length * styleNames.length)
  styles.forEach((input, day) => returns.set(input.values, day * styleNames.length))
  return { dates: styles.map((input) => input.asOf), returns }
}

/** The inputs of a date as the samples read them. @throws ClosebellError CB_NO_HISTORY without exposures */
export function dayInputsOf(inputs: readonly Input[]): DayInputs {
  const exposures = inputs.find((input) => input.kind === 'exposures')
  if (exposures === undefined) throw new ClosebellError('CB_NO_HISTORY', 'no exposures were published for the day')
  const fundamentals = inputs.find((input) => input.kind === 'fundamentals')
  const graphs: Record<string, Graph> = {}
  for (const name of graphNames) {
    const found = inputs.find((input) => input.kind === `graph-${name}`)
    if (found !== undefined) graphs[name] = graphOf(found)
  }
  return {
    eligible: exposures.instruments,
    graphs,
    fundamentals: fundamentals === undefined ? null : fundamentalsOf(fundamentals),
  }
}

/**
 * Scores one job: the same bits for the same records, artifact and kernel build. Gives way behind each member.
 * @param earlier what was made of the days before; the scaled days of this job are added
 */
export function* scoreJobInSteps(
  engine: Engine,
  artifact: Artifact,
  job: Job,
  records: JobRecords,
  earlier = new EarlierDays(),
): Generator<void, Result> {
  const set = job.set as SetName
  const columns = modelColumns(set)
  const sizing = records.panels.at(-1)?.sizing ?? ''
  checkArtifact(artifact, { set, columns, catalogue: fingerprints[set], sizing, hash: job.artifactHash })
  const pv = earlier.prices(records.pv)
  const before = records.panels.slice(0, -1)
  const known = earlier.names(artifact, before)
  // Of a window that was run but for its last day, that day alone is read.
  const panels = known === null ? records.panels : records.panels.slice(-1)
  const panel = set === 'PV' ? pv : framePanels(panels, columns, known ?? [])
  const scaledDay = (day: number): ScaledDay => earlier.scaled.over(panels[day] as Panel, columns, panel.instruments)
  const builder = new SampleBuilder(panel, pv, styleHistoryOf(records.styles), artifact.manifest.spec, scaledDay)
  const inputs = dayInputsOf(records.inputs)
  const section = builder.section(job.date, inputs).instruments
  const states = earlier.states(artifact, before, section)
  const { scores, graphWeights } = yield* states === null
    ? scoreInSteps(engine, artifact, builder.build(job.date, inputs, section))
    : scoreInSteps(engine, artifact, builder.buildLast(job.date, inputs, section), states)
  return {
    date: job.date,
    revision: job.revision,
    set,
    artifactHash: job.artifactHash,
    jobHash: jobHash(job),
    engine: engine.name,
    device: engine.device,
    kernelBuild: engine.kernelBuild,
    graphWeights,
    count: section.length,
    instruments: [...section],
    scores,
    crc: 0,
  }
}

/** The result of {@link scoreJobInSteps} in one go. */
export const scoreJob = (...of: Parameters<typeof scoreJobInSteps>): Result => resultOf(scoreJobInSteps(...of))
