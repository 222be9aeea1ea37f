import Table from 'cli-table3'

export interface Column {
  readonly name: string
  readonly align: 'left' | 'right'
}

const gap = 2
const borders = ['top', 'top-mid', 'top-left', 'top-right', 'bottom', 'bottom-mid', 'bottom-left', 'bottom-right']
const lines = ['left', 'left-mid', 'mid', 'mid-mid', 'right', 'right-mid', 'middle']
const noBorders = Object.fromEntries([...borders, ...lines].map((name) => [name, '']))

/**
 * Aligned columns without borders. On a terminal, columns that do not fit are left out at the right and counted; a
 * pipe gets them all.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = terminalWidth(),
): string {
  const widths = columns.map(({ name }, c) => rows.reduce((most, row) => Math.max(most, row[c].length), name.length))
  let shown = 0
  for (let used = 0; shown < columns.length && used + widths[shown] <= width; shown++) used += widths[shown] + gap
  shown = Math.max(shown, 1)
  const left = columns.length - shown
  const printed = new Table({
    head: columns.slice(0, shown).map(({ name }) => name),
    chars: noBorders,
    colAligns: columns.slice(0, shown).map(({ align }) => align),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': gap },
  })
  printed.push(...rows.map((row) => row.slice(0, shown)))
  const text = printed
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
  return left === 0 ? text : `${text}\n+${left} more columns, --json has them all`
}

const terminalWidth = (): number => (process.stdout.isTTY ? process.stdout.columns : Infinity)
