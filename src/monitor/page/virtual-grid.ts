import { element, setAttribute } from './elements.ts'

export interface GridColumn {
  readonly id: string
  readonly label: string
  /** Rule, formula and unit. */
  readonly title: string
  readonly width: number
  readonly align: 'left' | 'right'
}

export interface Cell {
  readonly text: string
  /** Classes: colour of z, of direction, mark of a crossing. */
  readonly look: string
  readonly title: string
}

/** What a grid shows. Rows are asked for when they are drawn. */
export interface GridSource {
  readonly columns: readonly GridColumn[]
  readonly rowCount: number
  /** Names the row, so that focus can follow it wherever it moves. */
  keyOf(row: number): string
  rowOf(key: string): number
  cell(row: number, column: number): Cell
  isPinned(row: number): boolean
}

export interface GridEvents {
  readonly onOpen: (key: string) => void
  readonly onPin: (key: string) => void
  readonly onSort: (id: string) => void
}

interface DrawnCell {
  readonly element: HTMLElement
  readonly text: Text
  shown: string
  look: string
  title: string
}

interface DrawnRow {
  readonly element: HTMLElement
  readonly cells: readonly DrawnCell[]
  row: number
}

const rowHeight = 24
const headerHeight = 40
/** Rows drawn beyond the edges, so that a quick scroll finds them there. */
const spareRows = 6
/** Columns that stay at the left. */
const fixedColumns = 2

const nothing: GridSource = {
  columns: [],
  rowCount: 0,
  keyOf: () => '',
  rowOf: () => -1,
  cell: () => ({ text: '', look: '', title: '' }),
  isPinned: () => false,
}

let made = 0

/**
 * A grid of any length by the pattern of WAI-ARIA: one element has the focus and names the active cell. Rows are a pool
 * of elements whose texts are replaced in place; a row that scrolls out comes back at the other end.
 */
export class VirtualGrid {
  readonly element: HTMLElement
  readonly #id = `grid${made++}`
  readonly #scroller: HTMLElement
  readonly #header: HTMLElement
  readonly #body: HTMLElement
  readonly #events: GridEvents
  #source = nothing
  #columnsText = ''
  #pool: DrawnRow[] = []
  #sort: { id: string; descending: boolean } = { id: '', descending: false }
  #active: { key: string; column: number } = { key: '', column: 0 }
  #isDrawing = false

  constructor(label: string, events: GridEvents) {
    this.#events = events
    this.#header = element('div', { role: 'row', class: 'grid-header', 'aria-rowindex': '1' })
    this.#body = element('div', { role: 'rowgroup', class: 'grid-body' })
    const head = element('div', { role: 'rowgroup', class: 'grid-head' }, this.#header)
    this.#scroller = element(
      'div',
      { class: 'grid', role: 'grid', tabindex: '0', 'aria-label': label },
      head,
      this.#body,
    )
    this.element = this.#scroller
    this.#scroller.addEventListener('scroll', () => this.#schedule(), { passive: true })
    this.#scroller.addEventListener('keydown', (event) => this.#keyDown(event))
    this.#body.addEventListener('click', (event) => this.#click(event))
    this.#scroller.addEventListener('focus', () => this.#focused())
    new ResizeObserver(() => this.#schedule()).observe(this.#scroller)
  }

  /** Shows what a source has now; columns are made anew only when they changed. */
  show(source: GridSource, sort: { readonly id: string; readonly descending: boolean }): void {
    this.#source = source
    const columnsText = JSON.stringify(source.columns)
    const isNew = columnsText !== this.#columnsText
    if (isNew || sort.id !== this.#sort.id || sort.descending !== this.#sort.descending) {
      this.#columnsText = columnsText
      this.#sort = sort
      this.#makeHeader()
    }
    if (isNew) this.#makePool(this.#pool.length)
    setAttribute(this.#scroller, 'aria-rowcount', String(source.rowCount + 1))
    setAttribute(this.#scroller, 'aria-colcount', String(source.columns.length))
    this.#body.style.height = `${source.rowCount * rowHeight}px`
    for (const row of this.#pool) row.row = -1
    this.#schedule()
  }

  /** Whether the list may move its rows: nobody is looking at one of them. */
  get isAtRest(): boolean {
    return (
      this.#scroller.scrollTop === 0 && !this.#scroller.matches(':hover') && document.activeElement !== this.#scroller
    )
  }

  focus(): void {
    this.#scroller.focus()
  }

  get activeKey(): string {
    return this.#active.key
  }

  #schedule(): void {
    if (this.#isDrawing) return
    this.#isDrawing = true
    requestAnimationFrame(() => {
      this.#isDrawing = false
      this.#draw()
    })
  }

  #draw(): void {
    const { clientHeight, scrollTop } = this.#scroller
    if (clientHeight === 0) return
    const visible = Math.ceil(clientHeight / rowHeight) + 2 * spareRows
    if (this.#pool.length < visible) this.#makePool(visible)
    const first = Math.max(0, Math.floor(scrollTop / rowHeight) - spareRows)
    const activeRow = this.#source.rowOf(this.#active.key)
    const size = this.#pool.length
    for (let i = 0; i < size; i++) {
      const row = first + i
      this.#drawRow(this.#pool[row % size], row, row === activeRow)
    }
    this.#nameActive(activeRow)
  }

  #drawRow(drawn: DrawnRow, row: number, isActive: boolean): void {
    const { rowCount } = this.#source
    const isShown = row < rowCount
    drawn.element.hidden = !isShown
    if (!isShown) return
    if (drawn.row !== row) {
      drawn.row = row
      drawn.element.style.transform = `translateY(${row * rowHeight}px)`
      setAttribute(drawn.element, 'aria-rowindex', String(row + 2))
      drawn.element.classList.toggle('pinned', this.#source.isPinned(row))
      drawn.cells.forEach((cell, column) => drawCell(cell, this.#source.cell(row, column)))
    }
    drawn.element.classList.toggle('active', isActive)
    drawn.cells.forEach((cell, column) =>
      cell.element.classList.toggle('active-cell', isActive && column === this.#active.column),
    )
  }

  #nameActive(row: number): void {
    const size = this.#pool.length
    const drawn = row < 0 || size === 0 ? undefined : this.#pool[row % size]
    const cell = drawn?.row === row ? drawn.cells[this.#active.column] : undefined
    if (cell === undefined) this.#scroller.removeAttribute('aria-activedescendant')
    else setAttribute(this.#scroller, 'aria-activedescendant', cell.element.id)
  }

  #makeHeader(): void {
    const { columns } = this.#source
    const cells = columns.map((column, index) => {
      const direction = column.id !== this.#sort.id ? 'none' : this.#sort.descending ? 'descending' : 'ascending'
      const mark = direction === 'none' ? '' : direction === 'descending' ? ' ▾' : ' ▴'
      const cell = element(
        'div',
        {
          role: 'columnheader',
          class: `cell header-cell ${column.align}${fixedClass(index)}`,
          'aria-colindex': String(index + 1),
          'aria-sort': direction,
          title: column.title,
        },
        `${column.label}${mark}`,
      )
      cell.addEventListener('click', () => this.#events.onSort(column.id))
      return cell
    })
    this.#header.replaceChildren(...cells)
    const widths = columns.map(({ width }) => `${width}px`).join(' ')
    const total = columns.reduce((sum, { width }) => sum + width, 0)
    this.#scroller.style.setProperty('--grid-columns', widths)
    this.#scroller.style.setProperty('--grid-width', `${total}px`)
    this.#scroller.style.setProperty('--fixed-left', `${columns[0]?.width ?? 0}px`)
  }

  #makePool(size: number): void {
    const rows = Array.from({ length: size }, (_, slot) => this.#makeRow(slot))
    this.#pool = rows
    this.#body.replaceChildren(...rows.map((row) => row.element))
  }

  #makeRow(slot: number): DrawnRow {
    const cells = this.#source.columns.map((column, index): DrawnCell => {
      const text = document.createTextNode('')
      const made = element(
        'div',
        {
          role: 'gridcell',
          id: `${this.#id}-${slot}-${index}`,
          class: `cell ${column.align}${fixedClass(index)}`,
          'aria-colindex': String(index + 1),
        },
        text,
      )
      return { element: made, text, shown: '', look: '', title: '' }
    })
    const row = element('div', { role: 'row', class: 'grid-row' }, ...cells.map((cell) => cell.element))
    row.hidden = true
    return { element: row, cells, row: -1 }
  }

  #focused(): void {
    if (this.#source.rowOf(this.#active.key) < 0 && this.#source.rowCount > 0) {
      this.#move(Math.floor(this.#scroller.scrollTop / rowHeight), this.#active.column)
    } else this.#schedule()
  }

  #click(event: MouseEvent): void {
    const cell = (event.target as Element).closest('[role=gridcell]')
    const drawn = this.#pool.find((row) => row.element === cell?.parentElement)
    if (cell === null || drawn === undefined) return
    this.#move(drawn.row, Number(cell.getAttribute('aria-colindex')) - 1)
    this.#events.onOpen(this.#active.key)
  }

  #keyDown(event: KeyboardEvent): void {
    if (event.altKey || event.metaKey) return
    const target = this.#target(event)
    const row = this.#source.rowOf(this.#active.key)
    if (target !== null) this.#move(target.row, target.column)
    else if (event.key === 'Enter' && row >= 0) this.#events.onOpen(this.#active.key)
    else if (event.key === ' ' && event.shiftKey && row >= 0) this.#events.onPin(this.#active.key)
    else if (event.key === 's' && !event.ctrlKey) {
      const column = this.#source.columns[this.#active.column]
      if (column !== undefined) this.#events.onSort(column.id)
    } else return
    event.preventDefault()
    event.stopPropagation()
  }

  /** Where a key of the grid pattern leads; null for another key. */
  #target({ key, ctrlKey }: KeyboardEvent): { row: number; column: number } | null {
    const row = Math.max(0, this.#source.rowOf(this.#active.key))
    const { column } = this.#active
    const page = Math.max(1, Math.floor((this.#scroller.clientHeight - headerHeight) / rowHeight) - 1)
    const lastRow = this.#source.rowCount - 1
    const lastColumn = this.#source.columns.length - 1
    switch (key) {
      case 'ArrowDown':
        return { row: row + 1, column }
      case 'ArrowUp':
        return { row: row - 1, column }
      case 'ArrowRight':
        return { row, column: column + 1 }
      case 'ArrowLeft':
        return { row, column: column - 1 }
      case 'PageDown':
        return { row: row + page, column }
      case 'PageUp':
        return { row: row - page, column }
      case 'Home':
        return { row: ctrlKey ? 0 : row, column: 0 }
      case 'End':
        return { row: ctrlKey ? lastRow : row, column: lastColumn }
      default:
        return null
    }
  }

  #move(row: number, column: number): void {
    const { rowCount, columns } = this.#source
    if (rowCount === 0) return
    const at = Math.min(rowCount - 1, Math.max(0, row))
    this.#active = { key: this.#source.keyOf(at), column: Math.min(columns.length - 1, Math.max(0, column)) }
    const top = at * rowHeight
    const { scrollTop, clientHeight } = this.#scroller
    const bottom = top + rowHeight + headerHeight - clientHeight
    if (top < scrollTop) this.#scroller.scrollTop = top
    else if (bottom > scrollTop) this.#scroller.scrollTop = bottom
    this.#showColumn()
    this.#schedule()
  }

  #showColumn(): void {
    const { columns } = this.#source
    const { column } = this.#active
    if (column < fixedColumns) return
    const widths = columns.map(({ width }) => width)
    const sum = (list: readonly number[]): number => list.reduce((total, width) => total + width, 0)
    const left = sum(widths.slice(0, column))
    const fixed = sum(widths.slice(0, fixedColumns))
    const { scrollLeft, clientWidth } = this.#scroller
    if (left - fixed < scrollLeft) this.#scroller.scrollLeft = left - fixed
    else if (left + widths[column] > scrollLeft + clientWidth) {
      this.#scroller.scrollLeft = left + widths[column] - clientWidth
    }
  }
}

const fixedClass = (index: number): string => (index < fixedColumns ? ` fixed fixed-${index}` : '')

function drawCell(cell: DrawnCell, { text, look, title }: Cell): void {
  if (cell.shown !== text) {
    cell.shown = text
    cell.text.data = text
  }
  if (cell.look !== look) {
    cell.look = look
    setAttribute(cell.element, 'data-look', look)
  }
  if (cell.title !== title) {
    cell.title = title
    cell.element.title = title
  }
}
