import { formatValue } from './format.ts'
import type { Language, Translate } from './strings.ts'
import type { UniverseSource } from './universe-source.ts'
import type { Cell, GridColumn, GridSource } from './virtual-grid.ts'

/** Columns that the sector view adds up or takes the median of. */
export const sectorIds = ['ret', 'amount', 'c_nbr_main'] as const

interface Sector {
  readonly industry: string
  names: number
  up: number
  down: number
  amount: number
  readonly returns: number[]
  readonly flows: number[]
}

/** A row per industry, the largest amount first. */
export class SectorSource implements GridSource {
  columns: readonly GridColumn[] = []
  #sectors: readonly Sector[] = []
  #language: Language = 'en'
  #say: Translate = (key) => key

  get rowCount(): number {
    return this.#sectors.length
  }

  arrange(language: Language, say: Translate): void {
    this.#language = language
    this.#say = say
    const number = (id: string, label: string): GridColumn => ({ id, label, title: label, width: 110, align: 'right' })
    this.columns = [
      { id: 'industry', label: say('industry'), title: say('industry'), width: 150, align: 'left' },
      number('names', say('sectorNames')),
      number('up', say('sectorUp')),
      number('down', say('sectorDown')),
      number('amount', say('sectorAmount')),
      number('ret', say('median', '%')),
      number('flow', say('median', 'main')),
    ]
  }

  /** Adds the universe up as it stands. */
  take(universe: UniverseSource): void {
    const sectors = new Map<string, Sector>()
    universe.universe.industries.forEach((industry, place) => {
      const sector = sectors.get(industry) ?? newSector(industry)
      sectors.set(industry, sector)
      add(
        sector,
        sectorIds.map((id) => universe.value(id, place)),
      )
    })
    this.#sectors = [...sectors.values()].sort((a, b) => b.amount - a.amount)
  }

  keyOf(row: number): string {
    return this.#sectors[row]?.industry ?? ''
  }

  rowOf(key: string): number {
    return this.#sectors.findIndex(({ industry }) => industry === key)
  }

  isPinned(): boolean {
    return false
  }

  cell(row: number, column: number): Cell {
    const { industry, names, up, down, amount, returns, flows } = this.#sectors[row]
    const text = (shown: string, look = ''): Cell => ({ text: shown, look, title: '' })
    switch (column) {
      case 0:
        return text(industry === '' ? this.#say('noIndustry') : industry)
      case 1:
        return text(String(names))
      case 2:
        return text(String(up), 'up')
      case 3:
        return text(String(down), 'down')
      case 4:
        return text(formatValue('money', amount, this.#language))
      case 5: {
        const median = medianOf(returns)
        return text(formatValue('percent', median, this.#language), median > 0 ? 'up' : median < 0 ? 'down' : '')
      }
      default:
        return text(formatValue('ratio', medianOf(flows), this.#language))
    }
  }
}

const newSector = (industry: string): Sector => ({
  industry,
  names: 0,
  up: 0,
  down: 0,
  amount: 0,
  returns: [],
  flows: [],
})

function add(sector: Sector, [ret, amount, flow]: readonly number[]): void {
  sector.names++
  if (ret > 0) sector.up++
  if (ret < 0) sector.down++
  if (!Number.isNaN(amount)) sector.amount += amount
  if (!Number.isNaN(ret)) sector.returns.push(ret)
  if (!Number.isNaN(flow)) sector.flows.push(flow)
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  if (sorted.length === 0) return NaN
  const half = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}
