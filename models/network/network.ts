import type { Edges, Engine, FloatArray, GatTensors, GruTensors, Saved, Tensor } from '../engine.ts'
import type { ScaledWindow } from '../inputs/window.ts'
import { fundamentalCount, graphNames, type DaySample, type GraphName } from '../sample.ts'
import { negativeCorrelation } from './loss.ts'
import { hasFundamentals, hasGraphs, hasSa, parameterSlots, type NetworkSpec } from './spec.ts'
import { entropy, saBackward, saForward, type SaPass, type SaTensors } from './state-adaptive.ts'

/**
 * The network, written once over the Engine port: GRU over each name's window, graph attention over each graph that
 * exists, SA's weights over the graphs, a linear head or the financial head; and its gradients, layer by layer back.
 */

export interface Scores {
  /** [n] */
  readonly scores: Float64Array
  /** Weights of the industry, financial and flow graph; 0 for one that does not exist. */
  readonly graphWeights: number[]
}

export interface Loss extends Scores {
  /** −ic − bonus · entropy of SA's weights */
  readonly loss: number
  readonly ic: number
  /** As the flat parameters. */
  readonly gradient: Float64Array
}

type Tensors = ReadonlyMap<string, Tensor>

interface Attended {
  readonly graph: GraphName
  readonly z: Tensor
  readonly saved: Saved | null
}

interface Pass {
  readonly h: Tensor
  readonly gruSaved: Saved | null
  readonly attended: Attended[]
  readonly sa: SaPass | null
  readonly graphWeights: number[]
  /** What the head reads side by side: h, then the graphs' embedding, then the indicators'. */
  readonly parts: Tensor[]
  readonly embedding: Tensor
  readonly fundamentals: Tensor | null
  /** Hidden layer of the financial head. */
  readonly hidden: Tensor | null
  readonly output: Tensor
}

const tensor = (tensors: Tensors, name: string): Tensor => {
  const found = tensors.get(name)
  if (found === undefined) throw new RangeError(`the network has no tensor ${name}`)
  return found
}

const gruTensors = (tensors: Tensors): GruTensors => ({
  inputWeight: tensor(tensors, 'gru.weight_ih'),
  hiddenWeight: tensor(tensors, 'gru.weight_hh'),
  inputBias: tensor(tensors, 'gru.bias_ih'),
  hiddenBias: tensor(tensors, 'gru.bias_hh'),
})

const gatTensors = (tensors: Tensors, graph: GraphName): GatTensors => ({
  weight: tensor(tensors, `gat.${graph}.weight`),
  left: tensor(tensors, `gat.${graph}.left`),
  right: tensor(tensors, `gat.${graph}.right`),
})

const saTensors = (tensors: Tensors): SaTensors => ({
  weight0: tensor(tensors, 'sa.0.weight'),
  bias0: tensor(tensors, 'sa.0.bias'),
  weight1: tensor(tensors, 'sa.1.weight'),
  bias1: tensor(tensors, 'sa.1.bias'),
})

const edgesOf = (engine: Engine, spec: NetworkSpec, neighbours: Int32Array, sample: DaySample): Edges =>
  spec.selfLoopsOnly
    ? engine.uploadEdges(new Int32Array(0), sample.n, 0)
    : engine.uploadEdges(neighbours, sample.n, sample.k)

const attend = (
  engine: Engine,
  spec: NetworkSpec,
  tensors: Tensors,
  sample: DaySample,
  h: Tensor,
  keep: boolean,
): Attended[] =>
  graphNames.flatMap((graph) => {
    const neighbours = sample.graphs[graph]
    if (neighbours === null || !hasGraphs(spec.family)) return []
    const edges = edgesOf(engine, spec, neighbours, sample)
    return [{ graph, ...engine.gat(h, edges, gatTensors(tensors, graph), spec.slope, keep) }]
  })

/** SA's weights, or equal ones over the graphs that exist in a family without SA. */
const weigh = (
  engine: Engine,
  spec: NetworkSpec,
  tensors: Tensors,
  sample: DaySample,
  attended: readonly Attended[],
): { sa: SaPass | null; graphWeights: number[] } => {
  const exists = graphNames.map((graph) => attended.some((one) => one.graph === graph))
  if (!hasSa(spec.family)) {
    return { sa: null, graphWeights: exists.map((present) => (present ? 1 / attended.length : 0)) }
  }
  const sa = saForward(engine, saTensors(tensors), engine.upload(sample.styles, [1, sample.styles.length]), exists)
  return { sa, graphWeights: sa.graphWeights }
}

const weightsOf = (pass: Pass): number[] => pass.attended.map((one) => pass.graphWeights[graphNames.indexOf(one.graph)])

/** Runs the days of a window of n names through the GRU, from the state before them or zero. */
const runGru = (
  engine: Engine,
  spec: NetworkSpec,
  tensors: Tensors,
  { x, mask }: ScaledWindow,
  n: number,
  keep: boolean,
  before?: FloatArray,
): { h: Tensor; saved: Saved | null } => {
  const days = mask.length / n
  const values = engine.upload(x, [days, n, spec.features])
  const state = before === undefined ? undefined : engine.upload(before, [n, spec.hidden])
  return engine.gru(values, engine.upload(mask, [days, n]), gruTensors(tensors), keep, state)
}

const forward = (
  engine: Engine,
  spec: NetworkSpec,
  tensors: Tensors,
  sample: DaySample,
  keep: boolean,
  before?: FloatArray,
): Pass => {
  const { n } = sample
  const { h, saved: gruSaved } = runGru(engine, spec, tensors, sample, n, keep, before)
  const attended = attend(engine, spec, tensors, sample, h, keep)
  const { sa, graphWeights } = weigh(engine, spec, tensors, sample, attended)
  const parts = [h]
  const draft = { h, gruSaved, attended, sa, graphWeights, parts }
  if (hasGraphs(spec.family)) {
    // Without any graph there is no embedding to weigh: the head then reads zeros in its place.
    const factors = attended.map((one) => graphWeights[graphNames.indexOf(one.graph)])
    const zs = attended.map((one) => one.z)
    const empty = (): Tensor => engine.upload(new Float32Array(n * spec.hidden), [n, spec.hidden])
    parts.push(zs.length === 0 ? empty() : engine.mix(zs, factors))
  }
  if (!hasFundamentals(spec.family)) {
    const embedding = engine.concat(parts)
    const output = engine.linear(embedding, tensor(tensors, 'head.weight'), tensor(tensors, 'head.bias'))
    return { ...draft, embedding, fundamentals: null, hidden: null, output }
  }
  const fundamentals = engine.upload(sample.fundamentals, [n, fundamentalCount])
  parts.push(engine.relu(engine.linear(fundamentals, tensor(tensors, 'fin.weight'), tensor(tensors, 'fin.bias'))))
  const embedding = engine.concat(parts)
  const hidden = engine.relu(engine.linear(embedding, tensor(tensors, 'head.0.weight'), tensor(tensors, 'head.0.bias')))
  const output = engine.linear(hidden, tensor(tensors, 'head.1.weight'), tensor(tensors, 'head.1.bias'))
  return { ...draft, embedding, fundamentals, hidden, output }
}

type Gradients = Map<string, Tensor>

/** Gradient of the head's input parts; the head's own go into `gradients`. */
const headBackward = (
  engine: Engine,
  tensors: Tensors,
  pass: Pass,
  dOutput: Tensor,
  gradients: Gradients,
): Tensor[] => {
  const step = (layer: string, input: Tensor, dy: Tensor): Tensor => {
    const { dx, dWeight, dBias } = engine.linearBackward(input, tensor(tensors, `${layer}.weight`), dy)
    gradients.set(`${layer}.weight`, dWeight).set(`${layer}.bias`, dBias)
    return dx
  }
  if (pass.hidden === null || pass.fundamentals === null) {
    return engine.concatBackward(pass.parts, step('head', pass.embedding, dOutput))
  }
  const dHidden = engine.reluBackward(pass.hidden, step('head.1', pass.hidden, dOutput))
  const dParts = engine.concatBackward(pass.parts, step('head.0', pass.embedding, dHidden))
  step('fin', pass.fundamentals, engine.reluBackward(pass.parts[2], dParts[2]))
  return dParts
}

/** Gradients of the graph layers and of SA; gives the gradients that reach h, the head's among them. */
const graphsBackward = (
  engine: Engine,
  tensors: Tensors,
  pass: Pass,
  dParts: readonly Tensor[],
  bonus: number,
  gradients: Gradients,
): Tensor[] => {
  const reach = [dParts[0]]
  if (pass.attended.length === 0) return reach
  // A softmax feels differences only, and h is a part of every z: taken from the mixed embedding, what all graphs
  // share is gone before it is summed, and with it its rounding.
  const apart = pass.attended.map((one) => engine.mix([one.z, pass.parts[1]], [1, -1]))
  const { dParts: dzs, dFactors } = engine.mixBackward(apart, weightsOf(pass), dParts[1])
  pass.attended.forEach(({ graph, saved }, g) => {
    if (saved === null) return
    const { dh, weights } = engine.gatBackward(saved, dzs[g])
    reach.push(dh)
    gradients.set(`gat.${graph}.weight`, weights.weight)
    gradients.set(`gat.${graph}.left`, weights.left).set(`gat.${graph}.right`, weights.right)
  })
  if (pass.sa !== null) {
    const dWeights = graphNames.map((graph) => dFactors[pass.attended.findIndex((one) => one.graph === graph)] ?? 0)
    const d = saBackward(engine, saTensors(tensors), pass.sa, dWeights, bonus)
    gradients.set('sa.0.weight', d.weight0).set('sa.0.bias', d.bias0)
    gradients.set('sa.1.weight', d.weight1).set('sa.1.bias', d.bias1)
  }
  return reach
}

const backward = (engine: Engine, tensors: Tensors, pass: Pass, dOutput: Tensor, bonus: number): Gradients => {
  const gradients: Gradients = new Map()
  const dParts = headBackward(engine, tensors, pass, dOutput, gradients)
  const reach = graphsBackward(engine, tensors, pass, dParts, bonus, gradients)
  if (pass.gruSaved === null) return gradients
  const dh = engine.mix(
    reach,
    reach.map(() => 1),
  )
  const d = engine.gruBackward(pass.gruSaved, dh)
  gradients.set('gru.weight_ih', d.inputWeight).set('gru.weight_hh', d.hiddenWeight)
  return gradients.set('gru.bias_ih', d.inputBias).set('gru.bias_hh', d.hiddenBias)
}

const uploadParameters = (engine: Engine, spec: NetworkSpec, parameters: FloatArray): Tensors =>
  new Map(
    parameterSlots(spec).map(({ name, shape, offset, size }) => [
      name,
      engine.upload(parameters.subarray(offset, offset + size), shape),
    ]),
  )

/**
 * State of the GRU [n, H] behind the days of a window: those that follow may begin with it.
 * @param before state before the days; zero unless given
 */
export const stateBehind = (
  engine: Engine,
  spec: NetworkSpec,
  parameters: FloatArray,
  window: ScaledWindow,
  n: number,
  before?: FloatArray,
): FloatArray =>
  engine.scope(() => {
    const tensors = uploadParameters(engine, spec, parameters)
    return engine.download(runGru(engine, spec, tensors, window, n, false, before).h)
  })

/**
 * Raw output of the network for every name of the section. The sample is one that `checkSample` accepted.
 * @param before state of the GRU [n, H] before the sample's days; zero unless given
 */
export const scoreSection = (
  engine: Engine,
  spec: NetworkSpec,
  parameters: FloatArray,
  sample: DaySample,
  before?: FloatArray,
): Scores =>
  engine.scope(() => {
    const pass = forward(engine, spec, uploadParameters(engine, spec, parameters), sample, false, before)
    return { scores: Float64Array.from(engine.download(pass.output)), graphWeights: pass.graphWeights }
  })

/** Loss −IC − bonus · H(w) of one day's section and its gradient by every parameter. */
export const lossAndGradient = (
  engine: Engine,
  spec: NetworkSpec,
  parameters: FloatArray,
  sample: DaySample,
  entropyBonus: number,
): Loss =>
  engine.scope(() => {
    const tensors = uploadParameters(engine, spec, parameters)
    const pass = forward(engine, spec, tensors, sample, true)
    const scores = Float64Array.from(engine.download(pass.output))
    const { ic, gradient: dScores } = negativeCorrelation(scores, sample.label)
    const gradients = backward(engine, tensors, pass, engine.upload(dScores, [sample.n, 1]), entropyBonus)
    const gradient = new Float64Array(parameters.length)
    for (const { name, offset } of parameterSlots(spec)) {
      const d = gradients.get(name)
      if (d !== undefined) gradient.set(engine.download(d), offset)
    }
    const bonus = pass.sa === null ? 0 : entropyBonus * entropy(pass.graphWeights)
    return { loss: -ic - bonus, ic, scores, graphWeights: pass.graphWeights, gradient }
  })
