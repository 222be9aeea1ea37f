import * as accumulators from '../../accumulators.ts'
import { ratio, type Formula } from '../formula.ts'

// Bound here: a module's own constant is one to the compiler too, an imported one is read and checked at each use.
const { Acc } = accumulators

const minimumPrints = 60
const minimumBuckets = 10
const bucketsPerDay = 50

/** Takes the sign of a print with an active side into the pairs of HF-58; neighbours cross lunch. */
export function stepSign(acc: Float64Array, base: number, sign: number): void {
  const before = acc[base + Acc.lastSign]
  acc[base + Acc.signPrints] += 1
  acc[base + Acc.lastSign] = sign
  if (before === 0) return
  acc[base + Acc.signPairs] += 1
  acc[base + Acc.signSumX] += sign
  acc[base + Acc.signSumY] += before
  acc[base + Acc.signSumXY] += sign * before
}

/** HF-58 hf_s_ac1: corr(s_i, s_{i−1}) over prints with an active side, each series with its own mean; ≥ 60 prints. */
export const signAutocorrelation: Formula = (acc, base) => {
  if (acc[base + Acc.signPrints] < minimumPrints) return Number.NaN
  const n = acc[base + Acc.signPairs]
  const x = acc[base + Acc.signSumX]
  const y = acc[base + Acc.signSumY]
  // Signs are ±1, so Σs² = n and all terms are exact integers.
  return ratio(n * acc[base + Acc.signSumXY] - x * y, Math.sqrt((n * n - x * x) * (n * n - y * y)))
}

/**
 * Takes a print with an active side into the volume buckets of HF-50; a print is split at a bucket's edge. However many
 * buckets it fills beyond the open one, all of them are of its side alone: |V_B − V_S| / Vb = 1.
 */
export function stepBucket(acc: Float64Array, base: number, sign: number, quantity: number): void {
  const size = (acc[base + Acc.adv20] * acc[base + Acc.quantityScale]) / bucketsPerDay
  if (!(size > 0)) return
  const room = size - acc[base + Acc.bucketFilled]
  if (quantity < room) {
    acc[base + Acc.bucketFilled] += quantity
    acc[base + Acc.bucketSigned] += sign * quantity
    return
  }
  const rest = quantity - room
  const whole = Math.floor(rest / size)
  acc[base + Acc.bucketImbalance] += Math.abs(acc[base + Acc.bucketSigned] + sign * room) / size + whole
  acc[base + Acc.bucketsFull] += 1 + whole
  acc[base + Acc.bucketFilled] = Math.max(0, rest - whole * size)
  acc[base + Acc.bucketSigned] = sign * acc[base + Acc.bucketFilled]
}

/** HF-50 hf_vpin: mean |V_B − V_S| / Vb over full buckets, Vb = adv20 / 50; NaN without adv20 and below 10 buckets. */
export const vpin: Formula = (acc, base) =>
  acc[base + Acc.bucketsFull] < minimumBuckets
    ? Number.NaN
    : acc[base + Acc.bucketImbalance] / acc[base + Acc.bucketsFull]

/**
 * HF-59 hf_cxl: Σ cancelled / Σ original quantity over all ids of the day, both sides; an id without an order row
 * counts with its fills. NaN where the feed has no orders.
 */
export const cancelledShare: Formula = (acc, base) =>
  acc[base + Acc.orderRows] === 0 ? Number.NaN : ratio(acc[base + Acc.cancelled], acc[base + Acc.ordered])

export const printFormulas: Readonly<Record<string, Formula>> = {
  hf_vpin: vpin,
  hf_s_ac1: signAutocorrelation,
  hf_cxl: cancelledShare,
}
