/** Random numbers of the simulator: sfc32 (Chris Doty-Humphrey, PractRand), the same for a seed on every machine. */

/** MurmurHash3's finaliser, which spreads neighbouring seeds over all 32 bits. */
function mix(value: number): number {
  let h = value | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

export class Random {
  private a: number
  private b: number
  private c: number
  private counter = 1
  private spare = NaN

  /** A stream of its own for every combination of seed and path, so that one draw more in one place moves no other. */
  constructor(seed: number, ...path: readonly number[]) {
    let state = mix(seed ^ Math.floor(seed / 4294967296))
    for (const step of path) state = mix(Math.imul(state, 0x9e3779b1) + step + 1)
    this.a = state
    this.b = mix(state + 0x6d2b79f5)
    this.c = mix(this.b + seed)
    for (let i = 0; i < 12; i++) this.uniform()
  }

  /** In [0, 1). */
  uniform(): number {
    const t = (((this.a + this.b) | 0) + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0
    return (t >>> 0) / 4294967296
  }

  /** Mean 1. */
  exponential(): number {
    return -Math.log(1 - this.uniform())
  }

  /** Mean 0, deviation 1 (Marsaglia's polar method). */
  normal(): number {
    if (this.spare === this.spare) {
      const kept = this.spare
      this.spare = NaN
      return kept
    }
    let u = 0
    let v = 0
    let s = 0
    do {
      u = 2 * this.uniform() - 1
      v = 2 * this.uniform() - 1
      s = u * u + v * v
    } while (s >= 1 || s === 0)
    const scale = Math.sqrt((-2 * Math.log(s)) / s)
    this.spare = v * scale
    return u * scale
  }

  /** In 0..n-1. */
  below(n: number): number {
    return Math.floor(this.uniform() * n)
  }

  /** A permutation of 0..n-1. */
  permutation(n: number): Int32Array {
    const order = Int32Array.from({ length: n }, (_, i) => i)
    for (let i = n - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const kept = order[i]
      order[i] = order[j]
      order[j] = kept
    }
    return order
  }
}
