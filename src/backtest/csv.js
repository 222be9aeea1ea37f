import { isText } from '../ports/store-rows.js'
import { numbers, texts } from '../ports/store.js'
/** Rows that go into one chunk: a factor's panel has hundreds of thousands. */
const chunkRows = 5000
/** A table as CSV, chunk by chunk. No value is an empty cell; a text that could end a cell is quoted. */
export function* csvOf(columns, rows) {
  yield `${columns.map(({ name }) => quoted(name)).join(',')}\n`
  const cells = columns.map(({ name, kind }) => {
    if (isText(kind)) return (row) => quoted(texts(rows, name)[row])
    const values = numbers(rows, name)
    return (row) => (Number.isNaN(values[row]) ? '' : String(values[row]))
  })
  for (let from = 0; from < rows.count; from += chunkRows) {
    const lines = []
    for (let row = from; row < Math.min(from + chunkRows, rows.count); row++) {
      lines.push(cells.map((cell) => cell(row)).join(','))
    }
    yield `${lines.join('\n')}\n`
  }
}
/** Quotes what would end a cell or a line. */
const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
//# sourceMappingURL=csv.js.map
