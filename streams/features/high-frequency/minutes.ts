import { Acc } from '../../accumulators.ts'
import { ratio, type Formula } from '../formula.ts'

/** M60: at least a quarter of the elapsed continuous minutes traded. */
const hasMinutes: (acc: Float64Array, base: number, elapsed: number) => boolean = (acc, base, elapsed) =>
  elapsed > 0 && acc[base + Acc.tradedMinutes] * 4 >= elapsed

/** HF-01 hf_rv: Σ r²; NaN below M60. */
export const realisedVariance: Formula = (acc, base, { elapsed }) =>
  hasMinutes(acc, base, elapsed) ? acc[base + Acc.sumR2] : Number.NaN

/** HF-02 hf_rskew: √n · Σ r³ / rv^1.5; NaN below M60 and where rv is 0. */
export const realisedSkewness: Formula = (acc, base, { elapsed }) =>
  hasMinutes(acc, base, elapsed)
    ? ratio(Math.sqrt(elapsed) * acc[base + Acc.sumR3], acc[base + Acc.sumR2] ** 1.5)
    : Number.NaN

/** HF-19 hf_v_l30: volume of the last E minutes by the clock, closing auction in, / V. */
export const lastEdgeShare: Formula = (acc, base) => ratio(acc[base + Acc.edgeVolume], acc[base + Acc.volume])

/** HF-38 hf_amihud: 1e8 · mean of |r_m| / amt_m over traded minutes; NaN below M60. */
export const amihud: Formula = (acc, base, { elapsed }) =>
  hasMinutes(acc, base, elapsed)
    ? ratio(1e8 * acc[base + Acc.sumIlliquidity], acc[base + Acc.tradedMinutes])
    : Number.NaN

export const minuteFormulas: Readonly<Record<string, Formula>> = {
  hf_rv: realisedVariance,
  hf_rskew: realisedSkewness,
  hf_v_l30: lastEdgeShare,
  hf_amihud: amihud,
}
