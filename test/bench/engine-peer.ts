import { createInterface } from 'node:readline'
import { lossAndGradient, scoreSection } from '../../models/network/network.ts'
import { networkSpec, parameterSlots } from '../../models/network/spec.ts'
import type { DaySample } from '../../models/sample.ts'
import { createAdam } from '../../models/training/adam.ts'
import { initialParameters } from '../../models/training/initial.ts'
import { normal, seededRandom, type Random } from '../../models/training/random.ts'
import { openEngine } from '../../src/compose/engine.ts'
import type { EngineShape, PeerAnswer } from './engines.ts'

/**
 * One engine in a process of its own: arguments are its name, the work (train or score) and the shape. Each line on
 * stdin asks for so many runs, answered by one line of JSON.
 */

const sampleOf = ({ names: n, lookback, features, neighbours: k }: EngineShape, random: Random): DaySample => {
  const normals = (count: number): Float32Array => {
    const drawn = new Float32Array(count)
    for (let c = 0; c < count; c++) drawn[c] = normal(random)
    return drawn
  }
  const graph = (): Int32Array => Int32Array.from({ length: n * k }, () => Math.floor(random() * n))
  return {
    ...{ date: '2023-02-01', instruments: Array.from({ length: n }, (_, i) => `S${i}`), n, lookback, features, k },
    ...{ x: normals(lookback * n * features), mask: new Float32Array(lookback * n).fill(1) },
    ...{ fundamentals: new Float32Array(n * 36), styles: new Float32Array(200), label: normals(n) },
    graphs: { industry: graph(), financial: graph(), flow: graph() },
  }
}

const [name = '', work = '', given = ''] = process.argv.slice(2)
const shape = JSON.parse(given) as EngineShape
const random = seededRandom(1)
const engine = await openEngine(name)
const spec = networkSpec({ family: 'gru+gat', ...shape })
const parameters = initialParameters(spec, random)
const sample = sampleOf(shape, random)
const adam = createAdam(parameterSlots(spec), { learningRate: 1e-3, warmUp: 40, clipNorm: 1, decay: [['', 0.01]] })

const run = (): void => {
  if (work === 'train') adam.step(parameters, lossAndGradient(engine, spec, parameters, sample, 0).gradient)
  else scoreSection(engine, spec, parameters, sample)
}

for await (const line of createInterface({ input: process.stdin })) {
  const seconds = Array.from({ length: Number(line) }, () => {
    const start = performance.now()
    run()
    return (performance.now() - start) / 1000
  })
  const maxRssMb = process.resourceUsage().maxRSS / 1024
  const answer: PeerAnswer = { build: engine.kernelBuild, seconds, maxRssMb }
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}
