import { rankIc } from '../../models/evaluation/correlation.ts'
import { forwardReturns, knownReturns } from '../../models/inputs/labels.ts'
import { storedPanel } from '../../src/workers/history/panels.ts'
import type { CheckedMarket } from './checked-market.ts'
import { horizon, type ClosedDay } from './trained-line.ts'

/** RankIC by day: of what was scored against what was earned. */
export type Judge = (date: string, instruments: readonly string[], scores: ArrayLike<number>) => number

/** Judges scores of any date by the returns from the average price of d+1 to that of d+1+H that the store has. */
export async function judgeOf({ store, market }: CheckedMarket): Promise<Judge> {
  const { dates } = market
  const pv = await storedPanel(store, 'PV', ['pv_vwap'], dates[0] as string, dates.at(-1) as string)
  const forward = forwardReturns({ dates: pv.dates, instruments: pv.instruments, prices: pv.values }, horizon)
  return (date, instruments, scores) => rankIc(scores, knownReturns(forward, pv.dates.indexOf(date), instruments))
}

export const mlCRankIcs = (judge: Judge, days: readonly ClosedDay[]): number[] =>
  days.map(({ date, mlC }) => judge(date, mlC.instruments, mlC.neutral))

/** RankIC of the returns that the simulator says it planted, over the names that ML_C scored. */
export function plantedRankIcs({ market }: CheckedMarket, judge: Judge, days: readonly ClosedDay[]): number[] {
  const planted = market.plantedReturns()
  const n = planted.instruments.length
  return days.map(({ date, mlC }) => {
    const row = planted.dates.indexOf(date) * n
    const values = mlC.instruments.map((symbol) => planted.values[row + planted.instruments.indexOf(symbol)] as number)
    return judge(date, mlC.instruments, values)
  })
}
