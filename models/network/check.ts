import { ClosebellError } from '../../schemas/errors.ts'
import { fundamentalCount, graphNames, styleDays, styleNames, type DaySample } from '../sample.ts'
import { families, hasFundamentals, hasGraphs, hasSa, parameterCount, type NetworkSpec } from './spec.ts'

const refuse = (fact: string): never => {
  throw new ClosebellError('CB_ENGINE_INPUT', fact)
}

/** Refuses sizes that no network has. */
export const checkSpec = (spec: NetworkSpec): void => {
  if (!families.includes(spec.family)) refuse(`family ${spec.family} is none of ${families.join(', ')}`)
  for (const size of ['features', 'lookback', 'hidden', 'heads', 'saHidden', 'finHidden', 'headHidden'] as const) {
    if (!Number.isInteger(spec[size]) || spec[size] < 1) refuse(`${size} is ${spec[size]}`)
  }
  if (spec.hidden % spec.heads !== 0) refuse(`${spec.hidden} hidden units do not divide into ${spec.heads} heads`)
}

export const checkParameters = (spec: NetworkSpec, count: number): void => {
  const expected = parameterCount(spec)
  if (count !== expected) refuse(`${count} parameters for a network of ${expected}`)
}

const checkNeighbours = (sample: DaySample): void => {
  for (const graph of graphNames) {
    const neighbours = sample.graphs[graph]
    if (neighbours === null) continue
    if (neighbours.length !== sample.n * sample.k) {
      refuse(`${sample.date}: ${neighbours.length} ${graph} neighbours for ${sample.n} names of ${sample.k} slots`)
    }
    for (let at = 0; at < neighbours.length; at++) {
      if (neighbours[at] < -1 || neighbours[at] >= sample.n) {
        refuse(`${sample.date}: ${graph} neighbour ${neighbours[at]} in a section of ${sample.n}`)
      }
    }
  }
}

/**
 * Refuses a section whose tensors do not fit the network; an engine reads past the end of one that does not.
 * @param days of the sample's window; those before them are in a state that is given
 */
export const checkSample = (spec: NetworkSpec, sample: DaySample, days = spec.lookback): void => {
  const { date, n, lookback, features } = sample
  const length = (what: string, values: ArrayLike<number>, expected: number): void => {
    if (values.length !== expected) refuse(`${date}: ${values.length} values of ${what}, expected ${expected}`)
    for (let at = 0; at < values.length; at++) {
      if (!Number.isFinite(values[at])) refuse(`${date}: ${what}[${at}] is ${values[at]}`)
    }
  }
  if (n < 1) refuse(`${date}: a section of ${n} names`)
  if (lookback !== days) refuse(`${date}: a window of ${lookback} days for a network of ${days}`)
  if (features !== spec.features) refuse(`${date}: ${features} features for a network of ${spec.features}`)
  length('x', sample.x, lookback * n * features)
  length('mask', sample.mask, lookback * n)
  if (hasGraphs(spec.family)) checkNeighbours(sample)
  if (hasSa(spec.family)) length('styles', sample.styles, styleDays * styleNames.length)
  if (hasFundamentals(spec.family)) length('fundamentals', sample.fundamentals, n * fundamentalCount)
}
