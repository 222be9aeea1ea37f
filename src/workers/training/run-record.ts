import type { FeaturePanel } from '../../../models/sample.ts'
import type { ArtifactContent } from '../../../models/training/artifact.ts'
import type { Epoch } from '../../../models/training/train.ts'
import { asBytes, sha256 } from '../../wire/index.ts'

/** How an artifact came about: what it cannot say itself. Stored beside it as run.json. */
export interface RunRecord {
  readonly format: 'closebell-run-1'
  /** The command line, or the name of the program that trained. */
  readonly command: string
  /** sha256 over what was trained: set, network, spans, schedule, label, catalogue, data and engine. */
  readonly run: string
  /** sha256 over dates, names and values of the panels that were read. */
  readonly data: string
  readonly names: number
  readonly days: { readonly from: string; readonly to: string; readonly count: number }
  /** ms UTC. */
  readonly started: number
  readonly ended: number
  /** Epochs that an earlier, interrupted run had done. */
  readonly resumedAfter: number
  readonly epochs: readonly Epoch[]
  readonly masked: readonly string[]
  readonly artifact: string
}

/** Hash of the stored values that samples are made of. */
export function dataHash(panels: readonly FeaturePanel[]): string {
  return sha256(
    ...panels.flatMap(({ set, dates, instruments, columns, values, factors }) => [
      JSON.stringify([set, dates, instruments, columns]),
      asBytes(values),
      ...(factors === undefined ? [] : [asBytes(factors)]),
    ]),
  )
}

/** Names a run: the same name means the same numbers. */
export const runName = (content: Omit<ArtifactContent, 'engine'>, kernelBuild: string, data: string): string =>
  sha256(JSON.stringify([content, kernelBuild, data]))
