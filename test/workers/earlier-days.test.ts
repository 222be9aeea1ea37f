import { expect, it } from 'vitest'
import type { Panel } from '../../schemas/day.ts'
import { createReferenceEngine } from '../../models/network/reference/engine.ts'
import { networkSpec } from '../../models/network/spec.ts'
import { styleNames } from '../../models/sample.ts'
import { panelRecord } from '../../src/workers/close/day-rows.ts'
import { fingerprints } from '../../src/workers/fingerprints.ts'
import { EarlierDays } from '../../src/workers/scoring/earlier-days.ts'
import { exposuresInput, stylesInput } from '../../src/workers/scoring/inputs.ts'
import { modelColumns } from '../../src/workers/scoring/sample-builder.ts'
import { scoreJob, scoreJobInSteps } from '../../src/workers/scoring/score-job.ts'
import { untrainedArtifact } from '../artifacts/untrained.ts'
import { randomOf } from '../contract/awkward-values.ts'
import { seed } from '../seed.ts'

const days = ['2024-01-02', '2024-01-03', '2024-01-04', '2024-01-05']
const [date] = days.slice(-1)
const lookback = days.length
const columns = modelColumns('C')
const engine = createReferenceEngine('test')
const names = (first: number, count = 30) => Array.from({ length: count }, (_, i) => String(600_100 + first + i))

const random = randomOf(seed)
const drawn = (set: 'PV' | 'C', day: string, instruments: readonly string[]): Panel => {
  const width = modelColumns(set).length
  return panelRecord({
    ...{ date: day, set, revision: 0, sizing: 'order', catalogue: fingerprints[set], instruments },
    columns: modelColumns(set),
    quality: new Int32Array(instruments.length),
    values: Float64Array.from({ length: width * instruments.length }, () => 1 + random()),
  })
}

const artifact = untrainedArtifact(
  {
    ...{ set: 'C', columns, catalogue: fingerprints.C },
    spec: networkSpec({ family: 'gru', features: columns.length, lookback, hidden: 8 }),
  },
  [1, 2],
)
/** Names come on each day, one of them on the last alone, and the first are not in its record. */
const panels = days.map((day, i) => drawn('C', day, names(2 * i)))
const everybody = names(0, 60)
const records = {
  panels,
  pv: ['2023-12-29', ...days].map((day) => drawn('PV', day, everybody)),
  inputs: [
    exposuresInput(
      {
        ...{ date: days[2], instruments: names(3, 32), industries: new Array<string>(32).fill('a') },
        cap: new Float64Array(32).fill(1),
        values: new Float64Array(styleNames.length * 32),
      },
      new Float64Array(32).fill(1),
      date,
    ),
  ],
  styles: days.slice(0, 3).map((day) => stylesInput(day, new Float64Array(styleNames.length), date)),
}
const job = {
  ...{ date, revision: 0, set: 'C', artifactHash: artifact.manifest.hash },
  panelHashes: [...records.pv, ...panels].map(({ hash }) => hash),
  inputHashes: records.inputs.map(({ hash }) => hash),
  styleHashes: records.styles.map(({ hash }) => hash),
}
const ranOver = (some: readonly Panel[]): EarlierDays => {
  const earlier = new EarlierDays()
  Array.from(earlier.run(engine, artifact, some))
  return earlier
}

it('a job has the same bits whether its window was run in the morning or not', () => {
  const earlier = ranOver(panels.slice(0, -1))
  expect(earlier.names(artifact, panels.slice(0, -1))).toEqual(names(0, 34))
  const result = scoreJob(engine, artifact, job, records, earlier)
  expect(result).toEqual(scoreJob(engine, artifact, job, records))
  expect(new Set(result.scores).size).toBeGreaterThan(1)
})

it('gives way behind each member, since a job may take longer than a membership lives without a word', () => {
  expect(Array.from(scoreJobInSteps(engine, artifact, job, records))).toHaveLength(artifact.manifest.members.length)
})

it('is not taken for the window of others: a shorter one, a later revision, another artifact', () => {
  const before = panels.slice(0, -1)
  expect(ranOver(before.slice(1)).names(artifact, before.slice(1))).toBe(null)
  const earlier = ranOver(before)
  const revised = [...before.slice(0, 2), drawn('C', days[2], names(4))]
  expect(earlier.names(artifact, revised)).toBe(null)
  expect(earlier.names({ ...artifact }, before)).toBe(null)
  expect(earlier.names(artifact, before)).not.toBe(null)
})
