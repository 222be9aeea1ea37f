import type { BacktestResult } from '../result.ts'
import { definitions } from './definitions.ts'
import { doubtsTable } from './doubts.ts'
import { factorFigures, sharedAxes } from './factor-figures.ts'
import { headlineTable } from './headline.ts'
import { html, markup, type Html } from './html.ts'
import { jointFigures } from './joint-figures.ts'
import { count } from './numbers.ts'
import { style } from './style.ts'
import { weightFigures } from './weight-figures.ts'

/** Where the numbers come from. */
export interface Provenance {
  readonly command: string
  readonly store: string
  readonly models: string
  /** Of closebell. */
  readonly version: string
}

/** One file with everything in it: no request, and no script is needed to read it. */
export function pageOf(result: BacktestResult, provenance: Provenance): string {
  const sets = result.factors.map(({ factor }) => factor.set)
  const title = `${sets.length > 1 ? 'Factors' : 'Factor'} ${sets.join(', ')}, ${result.from} to ${result.to}`
  const axes = sharedAxes(result)
  return html`${markup('<!doctype html>')}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        />
        <title>${title}</title>
        <style>
          ${markup(style)}
        </style>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${provenanceOf(result, provenance)} ${headlineTable(result)} ${differences(result)} ${caveats(result)}
          ${result.factors.map(
            (measured) =>
              html`<section>
                <h2>${measured.factor.set}</h2>
                ${factorFigures(measured, result, axes)}
              </section>`,
          )}
          <section>
            <h2>${result.factors.length > 1 ? 'All factors' : 'Decay, turnover, coverage'}</h2>
            ${jointFigures(result)}
          </section>
          ${weightsSection(result)}
          <section>
            <h2>Doubts</h2>
            ${doubtsTable(result)}
          </section>
          <section>
            <h2>Definitions</h2>
            ${definitions(result)}
          </section>
        </main>
      </body>
    </html> `.html
}

function weightsSection(result: BacktestResult): Html | string {
  const figures = weightFigures(result)
  return figures.html === ''
    ? ''
    : html`<section>
        <h2>Weights</h2>
        ${figures}
      </section>`
}

function provenanceOf(result: BacktestResult, { command, store, models, version }: Provenance): Html {
  const artifacts = result.factors.map(({ factor, manifest }) =>
    manifest === null
      ? html`<dt>${factor.set}</dt>
          <dd>composed of the sets above, day by day</dd>`
      : html`<dt>${factor.set}</dt>
          <dd>
            ${manifest.spec.family}, ${manifest.members.length} networks of ${manifest.schedule.seeds.length} seeds,
            trained ${manifest.train.from} to ${manifest.train.to}, validated ${manifest.validate.from} to
            ${manifest.validate.to}; artifact <code>${manifest.hash}</code>, features
            <code>${manifest.catalogue.slice(0, 16)}</code>
          </dd>`,
  )
  return html`<pre>${command}</pre>
    <dl class="provenance">
      <dt>store, models</dt>
      <dd>${store}, ${models}; closebell ${version}, profile ${result.profile}</dd>
      ${artifacts}
    </dl>`
}

/** One line on what sets our figures apart from the published ones. */
function differences({ factors, from, to, origins }: BacktestResult): Html {
  const names = factors.flatMap(({ raw }) => [...raw.names].filter((value) => value > 0))
  const range = names.length === 0 ? 'no name' : `${count(Math.min(...names))} to ${count(Math.max(...names))} names`
  return html`<p class="dim">
    Ours ± standard error, raw and neutral to size and industry; below in small the lowest and the highest of the
    rebalance offsets. The published rows are of all A-shares over the authors’ own years, with order-level data and
    financial statements, their benchmark and costs unknown; ours are ${range} a day, ${from} to ${to}, from rows that
    are ${origins.join(' and ')}. The two are not to be subtracted.
  </p>`
}

function caveats(result: BacktestResult): Html {
  const { survivors, factors, inSample, horizon, origins, adjustedAsOf } = result
  const found: string[] = []
  if (inSample) found.push('Days that a model was trained or validated on may be among these: they prove nothing.')
  if (origins.includes('simulated')) found.push('The market is simulated: its returns were planted, not earned.')
  if (survivors.every(({ delisted }) => delisted === 0))
    found.push('No name left during the span: the store knows survivors only, which flatters every figure here.')
  if (adjustedAsOf !== '')
    found.push(
      `Prices were adjusted by the vendor as of ${adjustedAsOf}: returns are right, levels are not what was paid.`,
    )
  const days = Math.max(...factors.map(({ raw }) => raw.rankIc.test.n))
  found.push(
    `${count(days)} days are about ${count(days / horizon)} independent periods of ${horizon}: ` +
      'differences within two standard errors are noise.',
  )
  for (const { factor } of factors)
    if (factor.masked.length > 0) found.push(`${factor.set} had no ${factor.masked.join(', ')}: masked.`)
  found.push('Shares can hardly be sold short in this market: the long-short figures measure a signal, not an account.')
  return html`<div class="caveats" role="note">${found.map((caveat) => html`<p>${caveat}</p>`)}</div>`
}
