/** In place: mean 0, population deviation 1; all 0 where all are equal. */
export function standardise(values: Float64Array): void {
  let sum = 0
  for (const value of values) sum += value
  const mean = sum / values.length
  let squares = 0
  for (const value of values) squares += (value - mean) ** 2
  const deviation = Math.sqrt(squares / values.length)
  for (let i = 0; i < values.length; i++) values[i] = deviation > 1e-12 ? (values[i] - mean) / deviation : 0
}
