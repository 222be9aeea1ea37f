/**
 * Ranks from 1, equal values sharing the mean of their ranks. NaN keeps NaN and takes no rank.
 * @param values [n]
 * @returns [n]
 */
export function averageRanks(values: ArrayLike<number>): Float64Array {
  const ranks = new Float64Array(values.length).fill(NaN)
  const order = finiteOrder(values)
  for (let from = 0; from < order.length;) {
    const value = values[order[from]]
    let to = from + 1
    while (to < order.length && values[order[to]] === value) to++
    for (let i = from; i < to; i++) ranks[order[i]] = (from + 1 + to) / 2
    from = to
  }
  return ranks
}

/** Indices of the values that are no NaN, by value ascending; equal values stay in index order. */
export function finiteOrder(values: ArrayLike<number>): Uint32Array {
  const kept = new Uint32Array(values.length)
  let count = 0
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i])) kept[count++] = i
  return kept.subarray(0, count).sort((a, b) => values[a] - values[b] || a - b)
}
