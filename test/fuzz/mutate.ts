import type { Random } from '../../src/simulator/random.ts'

/** Ways to spoil bytes and texts, drawn from a seed: each input can be had again. */

export const below = (random: Random, n: number): number => Math.floor(random.uniform() * n)
export const pick = <T>(random: Random, from: readonly T[]): T => from[below(random, from.length)] as T

/** Numbers at which readers go wrong. */
const edges = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0xffffffff]

/** Words that mean something to a parser, or to the engine that runs it. */
const words = [
  '__proto__',
  'constructor',
  'NaN',
  '-1',
  '1e999',
  '../',
  '\0',
  '\n',
  '"',
  '(',
  '))',
  '{}',
  '[',
  'null',
  ',',
]

type Change = (bytes: Buffer, random: Random, other: Buffer) => Buffer

const at = (bytes: Buffer, random: Random): number => below(random, bytes.length + 1)

const changes: readonly Change[] = [
  (bytes, random) => {
    if (bytes.length > 0) bytes[below(random, bytes.length)] ^= 1 << below(random, 8)
    return bytes
  },
  (bytes, random) => {
    if (bytes.length > 0) bytes[below(random, bytes.length)] = below(random, 256)
    return bytes
  },
  (bytes, random) => {
    if (bytes.length >= 4) bytes.writeUInt32LE(pick(random, edges), below(random, bytes.length - 3))
    return bytes
  },
  (bytes, random) => bytes.subarray(0, at(bytes, random)),
  (bytes, random) => {
    const start = at(bytes, random)
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(Math.min(bytes.length, start + below(random, 16)))])
  },
  (bytes, random) => {
    const start = at(bytes, random)
    const long = Buffer.alloc(1 + below(random, 12), pick(random, [0, 0x20, 0x7f, 0x80, 0xff]))
    return Buffer.concat([bytes.subarray(0, start), long, bytes.subarray(start)])
  },
  (bytes, random) => {
    const start = at(bytes, random)
    return Buffer.concat([bytes.subarray(0, start), Buffer.from(pick(random, words)), bytes.subarray(start)])
  },
  (bytes, random) => {
    const start = at(bytes, random)
    const part = bytes.subarray(start, start + 1 + below(random, 64))
    return Buffer.concat([bytes.subarray(0, start), part, part, bytes.subarray(start)])
  },
  (bytes, random, other) =>
    Buffer.concat([bytes.subarray(0, at(bytes, random)), other.subarray(Math.min(other.length, at(bytes, random)))]),
]

/** A member of the corpus with one to four changes. */
export function mutated(corpus: readonly Buffer[], random: Random): Buffer {
  let bytes = Buffer.from(pick(random, corpus))
  for (let left = 1 + below(random, 4); left > 0; left--)
    bytes = Buffer.from(pick(random, changes)(bytes, random, pick(random, corpus)))
  return bytes
}

/** A number such as a column can hold, ordinary or not. */
export const strange = (random: Random): number =>
  pick(random, [0, 1, -1, NaN, Infinity, -Infinity, 0.5, 2 ** 31, -(2 ** 31), 2 ** 53, 1e308, below(random, 1000)])
