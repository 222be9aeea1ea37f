import { catalogue, type Rule } from '../../schemas/catalogue/index.ts'
import type { TableColumn } from '../../schemas/tables.ts'
import { isText } from '../ports/store-rows.ts'
import { numbers, texts } from '../ports/store.ts'
import type { Shown } from './stored-rows.ts'
import { table } from './table.ts'

const displays = new Map(catalogue.map((rule) => [rule.id, rule.display]))

const grouped = (digits: number): ((value: number) => string) => {
  const format = new Intl.NumberFormat('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return (value) => format.format(value)
}

const plain = (value: number): string => (Number.isInteger(value) ? String(value) : value.toPrecision(6))

const formats: Readonly<Record<Rule['display'], (value: number) => string>> = {
  price: grouped(2),
  money: grouped(2),
  count: grouped(0),
  ratio: plain,
  percent: (value) => `${(100 * value).toFixed(2)} %`,
  bp: (value) => value.toFixed(2),
  log: (value) => value.toFixed(4),
}

/** Rows as a table, each value in the form that the catalogue gives it; no value is a dash. */
export function displayed({ columns, rows }: Shown): string {
  const cells = columns.map((column) => {
    if (isText(column.kind)) return texts(rows, column.name)
    const format = formatOf(column)
    return Array.from(numbers(rows, column.name), (value) => (Number.isNaN(value) ? '-' : format(value)))
  })
  return table(
    columns.map(({ name, kind }) => ({ name, align: isText(kind) ? 'left' : 'right' })),
    Array.from({ length: rows.count }, (_, row) => cells.map((column) => column[row])),
  )
}

function formatOf({ name, kind }: TableColumn): (value: number) => string {
  if (kind === 'boolean') return (value) => (value === 1 ? 'yes' : 'no')
  const display = displays.get(name)
  return display === undefined ? plain : formats[display]
}
