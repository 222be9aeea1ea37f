/**
 * Solves a x = b by elimination with partial pivoting.
 * @param a [n][n]
 * @param b [n]
 * @returns [n], all NaN when a is singular to working precision
 */
export function solve(a: Float64Array, b: Float64Array): Float64Array {
  const n = b.length
  const left = a.slice()
  const x = b.slice()
  const scale = left.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
  for (let column = 0; column < n; column++) {
    const pivot = pivotRow(left, column, n)
    // A comparison that NaN fails too.
    if (!(Math.abs(left[pivot * n + column]) > 1e-13 * scale)) return x.fill(NaN)
    swapRows(left, x, column, pivot)
    for (let row = column + 1; row < n; row++) {
      const factor = left[row * n + column] / left[column * n + column]
      if (factor === 0) continue
      for (let k = column; k < n; k++) left[row * n + k] -= factor * left[column * n + k]
      x[row] -= factor * x[column]
    }
  }
  for (let row = n - 1; row >= 0; row--) {
    for (let k = row + 1; k < n; k++) x[row] -= left[row * n + k] * x[k]
    x[row] /= left[row * n + row]
  }
  return x
}

export const isSolvable = (solution: Float64Array): boolean => solution.length > 0 && !Number.isNaN(solution[0])

function pivotRow(a: Float64Array, column: number, n: number): number {
  let best = column
  for (let row = column + 1; row < n; row++) {
    if (Math.abs(a[row * n + column]) > Math.abs(a[best * n + column])) best = row
  }
  return best
}

function swapRows(a: Float64Array, b: Float64Array, i: number, j: number): void {
  if (i === j) return
  const n = b.length
  const row = a.slice(i * n, (i + 1) * n)
  a.copyWithin(i * n, j * n, (j + 1) * n)
  a.set(row, j * n)
  const value = b[i]
  b[i] = b[j]
  b[j] = value
}
