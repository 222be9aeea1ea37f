/** Spearman's correlation with average ranks over pairs of which both values are there. */
export function rankCorrelation(first: readonly number[], second: readonly number[]): number {
  const kept = [...first.keys()].filter((k) => !Number.isNaN(first[k]) && !Number.isNaN(second[k]))
  return pearson(ranks(kept.map((k) => first[k])), ranks(kept.map((k) => second[k])))
}

function ranks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((a, b) => values[a] - values[b])
  const result = new Array<number>(values.length)
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && values[order[to]] === values[order[from]]) to++
    for (let k = from; k < to; k++) result[order[k]] = (from + to - 1) / 2
  }
  return result
}

export function pearson(first: readonly number[], second: readonly number[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const [a, b] = [mean(first), mean(second)]
  let [ab, aa, bb] = [0, 0, 0]
  for (let k = 0; k < first.length; k++) {
    ab += (first[k] - a) * (second[k] - b)
    aa += (first[k] - a) ** 2
    bb += (second[k] - b) ** 2
  }
  return ab / Math.sqrt(aa * bb)
}

/** Mean over its standard error. */
export function tStatistic(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return mean / Math.sqrt(squares / (values.length - 1) / values.length)
}
