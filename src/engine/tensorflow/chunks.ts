/** Names that are scored together: the input projections of all their days then take 60 MB, of a market's 340. */
const namesAtOnce = 1024

export const chunksOf = (n: number): { first: number; count: number }[] =>
  Array.from({ length: Math.ceil(n / namesAtOnce) }, (_, chunk) => {
    const first = chunk * namesAtOnce
    return { first, count: Math.min(namesAtOnce, n - first) }
  })
