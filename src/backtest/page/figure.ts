import { html, markup, type Html } from './html.ts'

/** A column of a figure's numbers. */
export interface FigureColumn {
  readonly name: string
  readonly values: readonly (string | number)[]
  /** How the table prints a number; the CSV has it as it is. */
  readonly print?: (value: number) => string
}

export interface Figure {
  /** What is to be seen, with its unit. */
  readonly caption: string
  readonly drawing: Html
  /** The numbers that were drawn. */
  readonly columns: readonly FigureColumn[]
  /** Name of the CSV file. */
  readonly file: string
}

/** Rows of a table beyond these are in the CSV alone: a day's rows of years would be most of the page. */
const tableRows = 60

/** A drawing with its finding, its numbers to be opened, and the same as a file: no script, no request. */
export function figureOf({ caption, drawing, columns, file }: Figure): Html {
  const csv = Buffer.from(csvText(columns)).toString('base64')
  return html`<figure>
    <figcaption>${caption}</figcaption>
    <div class="wide plate" tabindex="0">${drawing}</div>
    <details>
      <summary>Numbers</summary>
      ${tableOf(columns)}
      <p><a download="${file}.csv" href="data:text/csv;base64,${csv}">${file}.csv</a></p>
    </details>
  </figure>`
}

export function tableOf(columns: readonly FigureColumn[]): Html {
  const count = columns[0]?.values.length ?? 0
  const shown = Math.min(count, tableRows)
  const cell = ({ values, print }: FigureColumn, row: number): Html => {
    const value = values[row]
    if (typeof value === 'string') return html`<td>${value}</td>`
    return html`<td class="n">${Number.isNaN(value) ? '–' : (print?.(value) ?? String(value))}</td>`
  }
  const head = columns.map(({ name, values }) =>
    typeof values[0] === 'number' ? html`<th class="n" scope="col">${name}</th>` : html`<th scope="col">${name}</th>`,
  )
  const body = Array.from(
    { length: shown },
    (_, row) =>
      html`<tr>
        ${columns.map((column) => cell(column, row))}
      </tr>`,
  )
  const rest = count > shown ? html`<p>${count - shown} more rows in the CSV.</p>` : markup('')
  return html`<div class="wide" tabindex="0">
      <table>
        <thead>
          <tr>
            ${head}
          </tr>
        </thead>
        <tbody>
          ${body}
        </tbody>
      </table>
    </div>
    ${rest}`
}

function csvText(columns: readonly FigureColumn[]): string {
  const count = columns[0]?.values.length ?? 0
  const lines = [columns.map(({ name }) => quoted(name)).join(',')]
  for (let row = 0; row < count; row++) lines.push(columns.map(({ values }) => plain(values[row])).join(','))
  return `${lines.join('\n')}\n`
}

const plain = (value: string | number): string =>
  typeof value === 'string' ? quoted(value) : Number.isNaN(value) ? '' : String(Number(value.toPrecision(7)))

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
