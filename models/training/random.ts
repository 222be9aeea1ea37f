/** Uniform numbers in [0, 1). */
export type Random = () => number

/** The 128 bits of a generator, as four integers. */
export type RandomState = readonly [number, number, number, number]

/** A generator that can be put aside and taken up again. */
export interface ResumableRandom extends Random {
  state(): RandomState
}

/** sfc32 (Doty-Humphrey, PractRand) from where its state stands. */
export const resumedRandom = (state: RandomState): ResumableRandom => {
  let [a, b, c, counter] = state
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  return Object.assign(next, { state: (): RandomState => [a, b, c, counter] })
}

/** sfc32: 128 bits of state from one seed, the same numbers on every machine. */
export const seededRandom = (seed: number): ResumableRandom => {
  const random = resumedRandom([seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0, 0x9e3779b9, 1])
  // Neighbouring seeds differ in few bits: the first draws still show it.
  for (let i = 0; i < 12; i++) random()
  return random
}

/** One draw of the standard normal distribution (Box and Muller 1958). */
export const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/** The numbers 0 … count − 1 in random order (Fisher and Yates). */
export const permutation = (count: number, random: Random): Int32Array => {
  const order = Int32Array.from({ length: count }, (_, i) => i)
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const moved = order[i]
    order[i] = order[j]
    order[j] = moved
  }
  return order
}
