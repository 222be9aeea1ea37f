import { ClosebellError } from '../../schemas/errors.ts'
import { parameterCount, type NetworkSpec } from '../network/spec.ts'
import type { RandomState } from './random.ts'
import type { Epoch, Member, TrainingState } from './train.ts'

/**
 * A training state as bytes: the length of a JSON header in four bytes, the header, then all numbers as f64,
 * little-endian (an f32 is one exactly). NaN has no JSON: a RankIC that does not exist is null there.
 */

interface Header {
  readonly format: 'closebell-training-1'
  /** What was trained on what; a state of anything else is refused. */
  readonly run: string
  readonly epochs: readonly (Omit<Epoch, 'rankIc'> & { readonly rankIc: number | null })[]
  readonly done: readonly SavedMember[]
  readonly best: readonly SavedMember[]
  readonly random: RandomState
  readonly steps: number
}

interface SavedMember {
  readonly seed: number
  readonly epoch: number
  readonly rankIc: number | null
}

const withoutNaN = (value: number): number | null => (Number.isNaN(value) ? null : value)
const saved = ({ seed, epoch, rankIc }: Member): SavedMember => ({ seed, epoch, rankIc: withoutNaN(rankIc) })

export const encodeState = (run: string, state: TrainingState): Uint8Array => {
  const { epochs, done, best, random, adam, parameters } = state
  const header: Header = {
    format: 'closebell-training-1',
    run,
    epochs: epochs.map((epoch) => ({ ...epoch, rankIc: withoutNaN(epoch.rankIc) })),
    done: done.map(saved),
    best: best.map(saved),
    random,
    steps: adam.steps,
  }
  // Names and numbers only: one byte a character.
  const text = Uint8Array.from(JSON.stringify(header), (character) => character.charCodeAt(0))
  const numbers = [parameters, adam.first, adam.second, ...[...done, ...best].map((member) => member.parameters)]
  const count = numbers.reduce((sum, values) => sum + values.length, 0)
  const bytes = new Uint8Array(4 + text.length + 8 * count)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, text.length, true)
  bytes.set(text, 4)
  let at = 4 + text.length
  for (const values of numbers) {
    for (const value of values) {
      view.setFloat64(at, value, true)
      at += 8
    }
  }
  return bytes
}

const refuse = (fact: string): never => {
  throw new ClosebellError('CB_ARTIFACT', fact, { remedy: 'Remove the state file: the training then starts anew.' })
}

/** Reads a state of `run` back. @throws ClosebellError CB_ARTIFACT for bytes that are no whole state of it */
export const decodeState = (run: string, spec: NetworkSpec, bytes: Uint8Array): TrainingState => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = bytes.byteLength < 4 ? refuse('a training state of less than 4 bytes') : view.getUint32(0, true)
  const header = parse(String.fromCharCode(...bytes.subarray(4, 4 + length)))
  if (header.format !== 'closebell-training-1' || header.run !== run) {
    refuse(`the training state is of ${String(header.run)}, expected ${run}`)
  }
  const members = [...header.done, ...header.best]
  const each = parameterCount(spec)
  const expected = 4 + length + 8 * each * (3 + members.length)
  if (bytes.byteLength !== expected) refuse(`a training state of ${bytes.byteLength} bytes, expected ${expected}`)
  const numbers = (block: number): Float64Array =>
    Float64Array.from({ length: each }, (_, p) => view.getFloat64(4 + length + 8 * (block * each + p), true))
  const restored = members.map((member, m): Member => ({
    ...member,
    rankIc: member.rankIc ?? NaN,
    parameters: Float32Array.from(numbers(3 + m)),
  }))
  return {
    epochs: header.epochs.map((epoch) => ({ ...epoch, rankIc: epoch.rankIc ?? NaN })),
    done: restored.slice(0, header.done.length),
    best: restored.slice(header.done.length),
    parameters: Float32Array.from(numbers(0)),
    adam: { steps: header.steps, first: numbers(1), second: numbers(2) },
    random: header.random,
  }
}

const parse = (text: string): Header => {
  try {
    return JSON.parse(text) as Header
  } catch {
    return refuse('the header of the training state is no JSON')
  }
}
