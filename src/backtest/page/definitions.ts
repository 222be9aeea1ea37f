import type { BacktestResult } from '../result.ts'
import { html, type Html } from './html.ts'
import { percent } from './numbers.ts'

/** How each figure is computed, in the words that its code follows. */
export function definitions({ horizon, rules, labelPrice }: BacktestResult): Html {
  const { daysPerYear, groups, costs } = rules
  const terms: readonly (readonly [string, string])[] = [
    [
      'RankIC',
      `Spearman correlation with average ranks of a day’s scores and the raw returns from the ` +
        `${labelPrice} of d+1 to ` +
        `that of d+1+${horizon}. Names that close at their upper limit on d+1 or do not trade then are left out; one ` +
        'that does not trade at the exit takes the next price within 5 days, else its last. ' +
        'Fewer than 10 names: no value.',
    ],
    [
      'offsets',
      `A portfolio held ${horizon} days can start on ${horizon} days: every figure is the mean of all ${horizon}.`,
    ],
    ['RankICIR', `Mean over sample deviation of RankIC every ${horizon} days, times √(${daysPerYear}/${horizon}).`],
    [
      'standard error',
      `RankIC: Newey-West, lag ${horizon - 1}. Ratios: Lo (2002). Returns: yearly deviation by √years.`,
    ],
    [
      'groups',
      `${groups} of equal count by score, ties by symbol. Bought in equal parts at the VWAP of d+1, ` +
        'left to drift, sold ' +
        `at the VWAP of d+1+${horizon}, marked at closes between. What is locked at one price up ` +
        'cannot be bought, locked ' +
        'down not be sold short; a late exit takes the next price within 5 days.',
    ],
    ['long-short', `G${groups} − G1, daily returns compounded.`],
    ['long excess', `G${groups} less all names that the groups hold, daily returns compounded.`],
    [
      'yearly return, IR, drawdown',
      `Net value to the power of ${daysPerYear}/days − 1; mean over sample deviation of daily returns, times ` +
        `√${daysPerYear}; lowest net value over its highest before, − 1, the start counted.`,
    ],
    [
      'cost',
      `${costs.map((cost) => percent(cost, 2)).join(', ')} of all that is bought and all that is sold, ` +
        'first purchase ' +
        'included, last sale not. Break-even: the cost at which the mean daily return is 0.',
    ],
    ['turnover', 'Half of the sum of absolute changes of weight in the top group at a rebalance.'],
    ['neutral', 'Residual of the score on ln float value and industry, z-scored; against the same raw returns.'],
    ['coverage', 'Names scored over names listed and old enough.'],
  ]
  return html`<dl>
    ${terms.map(
      ([term, text]) =>
        html`<dt>${term}</dt>
          <dd>${text}</dd>`,
    )}
  </dl>`
}
