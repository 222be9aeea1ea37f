/**
 * Three dense products over row-major f64 arrays. Four rows or columns are taken at once, so that four sums run side
 * by side instead of each waiting for the one before; the order of every sum is fixed, hence so are its bits.
 */

/** a [m, k] · bᵀ, b [n, k], plus bias [n] -> out [m, n]. */
export const timesTransposed = (
  a: Float64Array,
  b: Float64Array,
  bias: Float64Array,
  out: Float64Array,
  m: number,
  k: number,
  n: number,
): void => {
  const n4 = n - (n % 4)
  for (let i = 0; i < m; i++) {
    const ai = i * k
    const oi = i * n
    for (let j = 0; j < n4; j += 4) {
      const b0 = j * k
      const b1 = b0 + k
      const b2 = b1 + k
      const b3 = b2 + k
      let s0 = 0
      let s1 = 0
      let s2 = 0
      let s3 = 0
      for (let p = 0; p < k; p++) {
        const v = a[ai + p]
        s0 += v * b[b0 + p]
        s1 += v * b[b1 + p]
        s2 += v * b[b2 + p]
        s3 += v * b[b3 + p]
      }
      out[oi + j] = s0 + bias[j]
      out[oi + j + 1] = s1 + bias[j + 1]
      out[oi + j + 2] = s2 + bias[j + 2]
      out[oi + j + 3] = s3 + bias[j + 3]
    }
    for (let j = n4; j < n; j++) {
      let s = 0
      for (let p = 0; p < k; p++) s += a[ai + p] * b[j * k + p]
      out[oi + j] = s + bias[j]
    }
  }
}

/** out [m, n] += a [m, k] · b [k, n]. */
export const addTimes = (
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  m: number,
  k: number,
  n: number,
): void => {
  const k4 = k - (k % 4)
  for (let i = 0; i < m; i++) {
    const ai = i * k
    const oi = i * n
    for (let p = 0; p < k4; p += 4) {
      const a0 = a[ai + p]
      const a1 = a[ai + p + 1]
      const a2 = a[ai + p + 2]
      const a3 = a[ai + p + 3]
      const b0 = p * n
      const b1 = b0 + n
      const b2 = b1 + n
      const b3 = b2 + n
      for (let j = 0; j < n; j++) {
        out[oi + j] += a0 * b[b0 + j] + a1 * b[b1 + j] + (a2 * b[b2 + j] + a3 * b[b3 + j])
      }
    }
    for (let p = k4; p < k; p++) {
      const v = a[ai + p]
      for (let j = 0; j < n; j++) out[oi + j] += v * b[p * n + j]
    }
  }
}

/** out [k, n] += aᵀ · b for a [m, k], b [m, n]. */
export const addTransposedTimes = (
  a: Float64Array,
  b: Float64Array,
  out: Float64Array,
  m: number,
  k: number,
  n: number,
): void => {
  const m4 = m - (m % 4)
  for (let i = 0; i < m4; i += 4) {
    const a0 = i * k
    const b0 = i * n
    const b1 = b0 + n
    const b2 = b1 + n
    const b3 = b2 + n
    for (let p = 0; p < k; p++) {
      const v0 = a[a0 + p]
      const v1 = a[a0 + k + p]
      const v2 = a[a0 + 2 * k + p]
      const v3 = a[a0 + 3 * k + p]
      const op = p * n
      for (let j = 0; j < n; j++) {
        out[op + j] += v0 * b[b0 + j] + v1 * b[b1 + j] + (v2 * b[b2 + j] + v3 * b[b3 + j])
      }
    }
  }
  for (let i = m4; i < m; i++) {
    for (let p = 0; p < k; p++) {
      const v = a[i * k + p]
      for (let j = 0; j < n; j++) out[p * n + j] += v * b[i * n + j]
    }
  }
}

/** out [n] += the sums of the columns of a [m, n]. */
export const addColumnSums = (a: Float64Array, out: Float64Array, m: number, n: number): void => {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) out[j] += a[i * n + j]
  }
}
