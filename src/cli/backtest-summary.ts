import type { BacktestDocument } from '../backtest/document.ts'
import { table, type Column } from './table.ts'

const columns: readonly Column[] = [
  { name: 'factor', align: 'left' },
  ...['RankIC', 'RankICIR', 'LS return', 'LS IR', 'LS MDD', 'long excess', 'long IR', 'neutral IC', 'neutral ICIR'].map(
    (name): Column => ({ name, align: 'right' }),
  ),
]

/** The seven metrics of each factor, and the neutral two. */
export function summaryOf({ factors, from, to, horizon }: BacktestDocument, files: readonly string[]): string {
  const rows = factors.map(({ set, rank_ic, rank_ic_ir, long_short, long_only, neutral }) => [
    set,
    ratio(rank_ic, 4),
    ratio(rank_ic_ir, 2),
    percent(long_short.annual_return),
    ratio(long_short.information_ratio, 2),
    percent(long_short.max_drawdown),
    percent(long_only.annual_return),
    ratio(long_only.information_ratio, 2),
    ratio(neutral.rank_ic, 4),
    ratio(neutral.rank_ic_ir, 2),
  ])
  const head = `${from} to ${to}, ${horizon} days ahead, before cost, mean over the ${horizon} rebalance offsets`
  return [head, table(columns, rows), ...files.map((file) => `wrote ${file}`)].join('\n')
}

const ratio = (value: number | null, digits: number): string => (value === null ? '-' : value.toFixed(digits))
const percent = (value: number | null): string => (value === null ? '-' : `${(100 * value).toFixed(1)} %`)
