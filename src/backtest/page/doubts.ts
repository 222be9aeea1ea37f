import { profileOf } from '../../../schemas/profiles/index.ts'
import type { EntryCounts } from '../../../models/evaluation/portfolios.ts'
import type { BacktestResult, MeasuredFactor } from '../result.ts'
import { html, type Content, type Html } from './html.ts'
import { count, money, percent, ratio } from './numbers.ts'

/** What a careful reader asks before believing a backtest, each with its figures. */
export function doubtsTable(result: BacktestResult): Html {
  const rows: readonly (readonly [string, Content])[] = [
    ['survivorship', survivorship(result)],
    ['overlap', lines(result, overlap)],
    ['look-ahead', lookAhead(result)],
    ['dropped', lines(result, dropped)],
    ['cost', lines(result, costs)],
    ['limits', lines(result, limits)],
    ['capacity', lines(result, capacity)],
    [
      'leverage',
      'Long-short is 100 % long and 100 % short of the same money; long excess is long less all scored names.',
    ],
  ]
  return html`<div class="wide" tabindex="0">
    <table class="doubts">
      <thead>
        <tr>
          <th scope="col">doubt</th>
          <th scope="col">shown</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([name, content]) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td>${content}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

const lines = (result: BacktestResult, line: (measured: MeasuredFactor, result: BacktestResult) => Content): Html =>
  html`${result.factors.map((measured) => html`<p><b>${measured.factor.set}</b> ${line(measured, result)}</p>`)}`

function survivorship({ survivors }: BacktestResult): Html {
  return html`${survivors.map(
    ({ year, listed, delisted, absent }) =>
      html`<p>
        ${year}: ${count(listed)} listed, ${count(delisted)} left during the year, ${count(absent)} listed without a
        row.
      </p>`,
  )}`
}

function overlap({ raw }: MeasuredFactor, { horizon }: BacktestResult): Content {
  const { byOffset, test } = raw.rankIc
  return (
    `RankIC by offset ${ratio(byOffset.lowest)} to ${ratio(byOffset.highest)} ` +
    `(deviation ${ratio(byOffset.deviation)}); ` +
    `t ${ratio(test.t, 1)} with Newey-West lag ${horizon - 1} over ${test.n} days.`
  )
}

function lookAhead(result: BacktestResult): Html {
  const { horizon, factors, labelPrice, inSample } = result
  const trained = factors.flatMap(({ manifest }) =>
    manifest === null
      ? []
      : [
          html`<p>
            <b>${manifest.set}</b> trained ${manifest.train.from} to ${manifest.train.to}, chosen on
            ${manifest.validate.from} to ${manifest.validate.to}, ${manifest.embargo} days of embargo between them.
          </p>`,
        ],
  )
  return html`<p>
      Scored at the close of d from what lies before; bought at the VWAP of d+1, sold at the VWAP of d+1+${horizon}.
      RankIC: ${labelPrice} of d+1 to ${labelPrice} of d+1+${horizon}.
    </p>
    ${trained}${inSample ? html`<p><b>In-sample days were allowed.</b></p>` : ''}
    <p>How many configurations were looked at on these days is not stored here: the model card says it.</p>`
}

function dropped({ factor, raw }: MeasuredFactor, result: BacktestResult): Content {
  const { market, first, last } = result.prices
  const outcomes = market.outcomes.get(result.horizon)
  let [universe, scored, labelled] = [0, 0, 0]
  for (let day = first; day <= last; day++) if (factor.universe[day] > 0) universe += factor.universe[day]
  for (let at = first * market.names; at < (last + 1) * market.names; at++) {
    if (Number.isNaN(factor.raw[at])) continue
    scored++
    if (outcomes !== undefined && !Number.isNaN(outcomes[at])) labelled++
  }
  const reasons = [...factor.exclusions].map(([reason, times]) => `${reason} ${count(times)}`).join(', ')
  return (
    `${count(universe)} name-days could be scored, ${count(scored)} were` +
    `${reasons === '' ? '' : ` (left out: ${reasons})`}; ${count(labelled)} have a return. ` +
    entriesText(raw.entries)
  )
}

const entriesText = ({ scored, suspended, locked, bought, delayed }: EntryCounts): string =>
  `Of ${count(scored)} entries over all offsets ${count(bought)} were bought; ${count(suspended)} were suspended, ` +
  `${count(locked)} locked at a limit; ${count(delayed)} exits came late.`

function costs({ raw }: MeasuredFactor): Content {
  const { longShort, longOnly } = raw
  const at = longShort.byCost.map(
    ({ cost, annualReturn }, c) =>
      `at ${percent(cost, 2)} a side long-short ${percent(annualReturn.mean)}, ` +
      `long excess ${percent(longOnly.byCost[c].annualReturn.mean)}`,
  )
  return (
    `${at.join('; ')}. Break-even a side: long-short ${percent(longShort.breakEven, 2)}, ` +
    `long excess ${percent(longOnly.breakEven, 2)}.`
  )
}

function limits({ raw }: MeasuredFactor): Content {
  const { annualReturn } = raw.longShort.byCost[0]
  return (
    `Long-short ${percent(annualReturn.mean)} a year; ${percent(raw.ifLockedBought.mean)} if names locked at their ` +
    'limit all day could be bought and sold short, which nobody can.'
  )
}

function capacity({ capacity: most }: MeasuredFactor, { profile }: BacktestResult): Content {
  const { currency } = profileOf(profile)
  return (
    `The top group takes ${money(most.median, currency)} with each position at 5 % of the median name’s ` +
    `20-day mean amount, ${money(most.low, currency)} at the tenth percentile’s.`
  )
}
