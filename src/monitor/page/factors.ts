import type { FactorTable, FactorWeights } from '../protocol/messages.ts'
import { shareBar } from './charts.ts'
import { element } from './elements.ts'
import { formatValue } from './format.ts'
import type { Sort } from './section-model.ts'
import type { Language, Translate } from './strings.ts'
import { VirtualGrid, type Cell, type GridColumn, type GridSource } from './virtual-grid.ts'

/** Columns of the table: what they are called and where their values stand. */
interface FactorColumn extends GridColumn {
  readonly values: readonly (number | null)[]
}

const numberColumn = (id: string, label: string, values: readonly (number | null)[]): FactorColumn => ({
  id,
  label,
  title: id,
  width: 104,
  align: 'right',
  values,
})

class FactorSource implements GridSource {
  readonly columns: readonly FactorColumn[]
  readonly #table: FactorTable
  readonly #order: readonly number[]
  readonly #language: Language

  constructor(table: FactorTable, sort: Sort, language: Language, say: Translate) {
    this.#table = table
    this.#language = language
    const factors = Object.keys(table.neutral)
    this.columns = [
      { ...numberColumn('symbol', say('symbol'), []), align: 'left' },
      { ...numberColumn('name', say('name'), []), align: 'left' },
      numberColumn('rank', say('rank'), ranksOf(table.neutral['ML_C'] ?? [])),
      ...factors.flatMap((factor) => [
        numberColumn(`${factor}.neutral`, say('neutral', factor), table.neutral[factor]),
        numberColumn(`${factor}.raw`, say('raw', factor), table.raw[factor]),
      ]),
      numberColumn(
        'change',
        table.previousDate === '' ? say('noPrevious') : say('change', table.previousDate),
        table.change,
      ),
    ]
    this.#order = orderOf(table, this.columns, sort)
  }

  get rowCount(): number {
    return this.#order.length
  }

  keyOf(row: number): string {
    return this.#table.symbols[this.#order[row]] ?? ''
  }

  rowOf(key: string): number {
    return this.#order.findIndex((place) => this.#table.symbols[place] === key)
  }

  isPinned(): boolean {
    return false
  }

  cell(row: number, column: number): Cell {
    const place = this.#order[row]
    const { id, values } = this.columns[column]
    if (id === 'symbol') return { text: this.#table.symbols[place], look: '', title: '' }
    if (id === 'name') return { text: this.#table.names[place], look: '', title: '' }
    const value = values[place] ?? NaN
    if (id === 'rank') return { text: Number.isNaN(value) ? '–' : String(value), look: '', title: '' }
    return { text: formatValue('ratio', value, this.#language), look: '', title: String(value) }
  }
}

/** 1 for the largest; null stays null. */
function ranksOf(values: readonly (number | null)[]): (number | null)[] {
  const ranks = values.map((): number | null => null)
  const order = [...values.keys()].filter((i) => values[i] !== null).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0))
  order.forEach((i, rank) => (ranks[i] = rank + 1))
  return ranks
}

function orderOf(table: FactorTable, columns: readonly FactorColumn[], { id, descending }: Sort): number[] {
  const places = [...table.symbols.keys()]
  const values = columns.find((column) => column.id === id)?.values ?? []
  if (values.length === 0) {
    const texts = id === 'name' ? table.names : table.symbols
    return places.sort((a, b) => (texts[a] < texts[b] ? -1 : 1) * (descending ? -1 : 1))
  }
  return places.sort((a, b) => {
    const x = values[a]
    const y = values[b]
    if (x === null || y === null) return x === y ? a - b : x === null ? 1 : -1
    return (descending ? y - x : x - y) || a - b
  })
}

/** After the close: every factor of every name, the weights with both their parts, and who is excluded. */
export class Factors {
  readonly element: HTMLElement
  readonly #head = element('div', { class: 'factor-head' })
  readonly #weights = element('div', { class: 'factor-weights' })
  readonly #grid: VirtualGrid
  #table: FactorTable | null = null
  #version = -1
  #sort: Sort = { id: 'rank', descending: false }
  #language: Language = 'en'
  #say: Translate = (key) => key

  constructor(onOpen: (symbol: string) => void) {
    this.#grid = new VirtualGrid('Factors / 因子', {
      onOpen,
      onPin: () => undefined,
      onSort: (id) => {
        this.#sort = {
          id,
          descending: this.#sort.id === id ? !this.#sort.descending : id !== 'rank' && id !== 'symbol',
        }
        this.draw(this.#language, this.#say)
      },
    })
    this.element = element('section', { class: 'factors' }, this.#head, this.#weights, this.#grid.element)
  }

  /** Asks for the table when a version is newer than the one that is there. */
  async refresh(version: number, language: Language, say: Translate): Promise<void> {
    if (version === this.#version) return
    this.#version = version
    const answer = await fetch('/api/factors').catch(() => null)
    if (answer?.ok !== true) return void (this.#version = -1)
    this.#table = (await answer.json()) as FactorTable
    this.draw(language, say)
  }

  draw(language: Language, say: Translate): void {
    this.#language = language
    this.#say = say
    const table = this.#table
    this.#grid.element.hidden = table === null || table.symbols.length === 0
    if (table === null || table.state === 'none') {
      this.#weights.replaceChildren()
      return this.#head.replaceChildren(element('p', {}, say('factorsNone')))
    }
    this.#head.replaceChildren(
      element('h2', {}, say('factorsOf', table.date)),
      element('strong', { class: 'badge', 'data-state': table.state }, stateText(table, say)),
    )
    this.#weights.replaceChildren(...weightPanels(table, say))
    this.#grid.show(new FactorSource(table, this.#sort, language, say), this.#sort)
  }
}

function stateText({ state, revision, completedAt, cause }: FactorTable, say: Translate): string {
  if (state === 'retracted') return say('retracted', revision + 1, cause)
  if (state === 'degraded') return say('degraded', revision + 1, completedAt, cause)
  return `${say('complete', revision + 1, completedAt)}${cause === '' ? '' : ` ${cause}`}`
}

function weightPanels(table: FactorTable, say: Translate): HTMLElement[] {
  const graphNames = [say('graphIndustry'), say('graphFinancial'), say('graphFlow')]
  const part = (title: string, of: (weights: FactorWeights) => number | null): HTMLElement =>
    element(
      'div',
      { class: 'weights' },
      element('h3', {}, title),
      ...table.weights.map((weights) => {
        const value = of(weights)
        const text = weights.reason !== '' ? say('absent', weights.reason) : value === null ? '–' : value.toFixed(3)
        return shareBar(weights.set, value, text)
      }),
    )
  const graphs = table.weights.flatMap(({ set, graphs: own }) =>
    own.map((weight, g) => shareBar(`${set} ${graphNames[g]}`, weight, weight.toFixed(3))),
  )
  const excluded = table.exclusions.map(({ instrument, reason }) => element('li', {}, `${instrument}: ${reason}`))
  return [
    part(say('weights'), ({ weight }) => weight),
    part(say('stateAdaptive'), ({ stateAdaptive }) => stateAdaptive),
    part(say('longOnly'), ({ longOnly }) => longOnly),
    ...(graphs.length === 0
      ? []
      : [element('div', { class: 'weights wide' }, element('h3', {}, say('graphs')), ...graphs)]),
    element(
      'details',
      { class: 'exclusions' },
      element('summary', {}, `${say('exclusions')} (${excluded.length})`),
      element('ul', {}, ...excluded),
    ),
  ]
}
