/**
 * Ranks from 1, equal values sharing the mean of their ranks. NaN keeps NaN and takes no rank.
 * @param values [n]
 * @returns [n]
 */
export function averageRanks(values: ArrayLike<number>): Float64Array {
  const ranks = new Float64Array(values.length).fill(NaN)
  rankInto(values, values.length, ranks)
  return ranks
}

/** Writes the ranks of the first `length` values that are no NaN; the places of the others are left as they are. */
export function rankInto(values: ArrayLike<number>, length: number, ranks: Float64Array): void {
  const { count, order, sorted } = sortFirst(values, length)
  for (let from = 0; from < count;) {
    const value = sorted[from]
    let to = from + 1
    while (to < count && sorted[to] === value) to++
    const rank = (from + 1 + to) / 2
    for (let i = from; i < to; i++) ranks[order[i]] = rank
    from = to
  }
}

/** Indices of the values that are no NaN, by value ascending; equal values stay in index order. */
export function finiteOrder(values: ArrayLike<number>): Uint32Array {
  const { count, order } = sortFirst(values, values.length)
  return order.slice(0, count)
}

/**
 * Working memory of the sort for any market's section, kept between calls: allocating it anew, or holding it in
 * variables that may change, takes longer than the sort itself. Whatever leaves this file is copied.
 */
const capacity = 1 << 14
const kept = new Float64Array(capacity)
/** The two halves of each kept value. */
const halves = new Uint32Array(kept.buffer)
/** Where each of them stood. */
const places = new Uint32Array(capacity)
const keys = new Uint32Array(capacity)
const nextKeys = new Uint32Array(capacity)
const nextOrder = new Uint32Array(capacity)
/** The result: indices by value, and the values beside them. */
const order = new Uint32Array(capacity)
const sorted = new Float64Array(capacity)

const digitBits = 11
const digits = 1 << digitBits
const digitMask = digits - 1
const counts = new Uint32Array(3 * digits)
/** Values that differ in their lower halves only are moved one by one; farther than this all are sorted anew. */
const farthestMove = 48
const upperHalf = new Uint8Array(new Float64Array([1]).buffer)[7] === 0 ? 0 : 1

interface Sorted {
  /** How many values are no NaN. */
  readonly count: number
  readonly order: Uint32Array
  readonly sorted: Float64Array
}

/**
 * Sorts by the bits of the doubles, eleven at a time, stably: calling a comparator for each pair costs ten times as
 * much. The upper half of the bits decides nearly always.
 */
function sortFirst(values: ArrayLike<number>, length: number): Sorted {
  if (length > capacity) return sortLong(values, length)
  const count = keepNumbers(values, length)
  sortByHalf(count, upperHalf)
  if (!takeInOrder(count) && !insertStragglers(count)) {
    for (let i = 0; i < count; i++) order[i] = i
    sortByHalf(count, 1 - upperHalf)
    sortByHalf(count, upperHalf)
    takeInOrder(count)
  }
  if (count < length) for (let i = 0; i < count; i++) order[i] = places[order[i]]
  return { count, order, sorted }
}

/** Lays the values out in the order that was found; false when some differ in their lower halves only. */
function takeInOrder(count: number): boolean {
  let isSorted = true
  let before = -Infinity
  for (let i = 0; i < count; i++) {
    const value = kept[order[i]]
    if (value < before) isSorted = false
    sorted[i] = value
    before = value
  }
  return isSorted
}

/** Longer than any section of a market. */
function sortLong(values: ArrayLike<number>, length: number): Sorted {
  const found = new Uint32Array(length)
  let count = 0
  for (let i = 0; i < length; i++) if (!Number.isNaN(values[i])) found[count++] = i
  const indices = found.subarray(0, count).sort((a, b) => values[a] - values[b] || a - b)
  return { count, order: indices, sorted: Float64Array.from(indices, (i) => values[i]) }
}

function keepNumbers(values: ArrayLike<number>, length: number): number {
  let count = 0
  for (let i = 0; i < length; i++) {
    const value = values[i]
    if (value !== value) continue
    // −0 and 0 are equal, so they must have the same bits.
    kept[count] = value === 0 ? 0 : value
    places[count] = i
    order[count] = count
    count++
  }
  return count
}

/** Three passes of eleven bits over one half of each value, from the order that stands. */
function sortByHalf(count: number, half: number): void {
  const top = half === upperHalf ? 0x80000000 : 0
  counts.fill(0)
  for (let i = 0; i < count; i++) {
    const at = order[i] << 1
    // Bits turned so that their unsigned order is that of the doubles: all of a negative one, else the sign alone.
    const key = halves[at + half] ^ ((halves[at + upperHalf] >> 31) | top)
    keys[i] = key
    counts[key & digitMask]++
    counts[digits + ((key >>> digitBits) & digitMask)]++
    counts[2 * digits + (key >>> (2 * digitBits))]++
  }
  startsOfDigits()
  for (let i = 0; i < count; i++) {
    const key = keys[i]
    const to = counts[key & digitMask]++
    nextKeys[to] = key
    nextOrder[to] = order[i]
  }
  for (let i = 0; i < count; i++) {
    const key = nextKeys[i]
    const to = counts[digits + ((key >>> digitBits) & digitMask)]++
    keys[to] = key
    order[to] = nextOrder[i]
  }
  for (let i = 0; i < count; i++) {
    const to = counts[2 * digits + (keys[i] >>> (2 * digitBits))]++
    nextOrder[to] = order[i]
  }
  for (let i = 0; i < count; i++) order[i] = nextOrder[i]
}

/** Counts of each digit become the place of its first value. */
function startsOfDigits(): void {
  for (let from = 0; from < counts.length; from += digits) {
    let sum = 0
    for (let at = from; at < from + digits; at++) {
      const here = counts[at]
      counts[at] = sum
      sum += here
    }
  }
}

/** Puts values right that the upper halves could not tell apart; false when that would take too many moves. */
function insertStragglers(count: number): boolean {
  for (let i = 1; i < count; i++) {
    const value = sorted[i]
    if (sorted[i - 1] <= value) continue
    const index = order[i]
    let at = i
    do {
      sorted[at] = sorted[at - 1]
      order[at] = order[at - 1]
      at--
    } while (at > 0 && sorted[at - 1] > value)
    sorted[at] = value
    order[at] = index
    if (i - at > farthestMove) return false
  }
  return true
}
