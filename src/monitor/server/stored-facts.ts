import { shiftDays } from '../../../schemas/calendars/index.ts'
import { dayRules } from '../../../schemas/catalogue/index.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { TableName } from '../../../schemas/tables.ts'
import { sets } from '../../../schemas/topics.ts'
import { eventTimeToDate, numbers, texts, type Store } from '../../ports/store.ts'
import type { InstrumentHistory } from '../protocol/messages.ts'
import { initialsOf } from './initials.ts'
import type { InstrumentFacts } from './live-section.ts'

const unknown: InstrumentFacts = { name: '', initials: '', industry: '' }
const firstDate = '1970-01-01'
const historyDays = 60
/** Day values that the page draws of earlier days. */
const historyColumns = ['pv_close', 'pv_volume', 'c_nbr_main', 'hf_ofi'] as const

/**
 * What the page takes from the store. It is opened for each question and closed again: an embedded store has one
 * process at a time, and that is the sink. A store that cannot be read leaves names and history empty, and says so.
 */
export class StoredFacts {
  readonly #open: () => Promise<Store>
  readonly #facts = new Map<string, InstrumentFacts>()
  /** Code and fact of what the last attempt met; empty after a good one. */
  problem = ''
  #last: Promise<unknown> = Promise.resolve()

  constructor(open: () => Promise<Store>) {
    this.#open = open
  }

  factsOf = (symbol: string): InstrumentFacts => this.#facts.get(symbol) ?? unknown

  /** Names and industries as listed up to a date. @returns whether there are any */
  async readInstruments(date: string): Promise<boolean> {
    const rows = await this.#ask((store) =>
      store.panel({ table: 'instruments', columns: ['instrument', 'name', 'industry'], from: firstDate, to: date }),
    )
    if (rows === null || rows.count === 0) return false
    const [symbols, names, industries] = ['instrument', 'name', 'industry'].map((column) => texts(rows, column))
    // Rows rise in time, so that the last one of an instrument is the one in force.
    symbols.forEach((symbol, row) => {
      const name = names[row]
      this.#facts.set(symbol, { name, initials: initialsOf(name), industry: industries[row] })
    })
    return true
  }

  /** Day values of one instrument before a date, the newest last. */
  async history(symbol: string, before: string): Promise<InstrumentHistory> {
    const dates: string[] = []
    const values: Record<string, (number | null)[]> = {}
    for (const set of sets) {
      const columns = historyColumns.filter((id) => dayRules[set].some((rule) => rule.id === id))
      if (columns.length === 0) continue
      const table = set.toLowerCase() as TableName
      const rows = await this.#ask((store) =>
        store.panel({
          table,
          columns: ['event_time', ...columns],
          // Enough calendar days for the trading days that are drawn.
          from: shiftDays(before, -2 * historyDays),
          to: before,
          instruments: [symbol],
        }),
      )
      if (rows === null) return { symbol, dates: [], values: {}, problem: this.problem }
      const own = Array.from(numbers(rows, 'event_time'), eventTimeToDate)
      if (dates.length === 0) dates.push(...own.filter((date) => date < before).slice(-historyDays))
      for (const id of columns) {
        const stored = numbers(rows, id)
        const byDate = new Map(own.map((date, row) => [date, stored[row]]))
        values[id] = dates.map((date) => finite(byDate.get(date)))
      }
    }
    return { symbol, dates, values, problem: '' }
  }

  /** One question at a time: a store in a file is opened by one. */
  #ask<R>(question: (store: Store) => Promise<R>): Promise<R | null> {
    const answer = this.#last.then(() => this.#answer(question))
    this.#last = answer
    return answer
  }

  async #answer<R>(question: (store: Store) => Promise<R>): Promise<R | null> {
    try {
      const store = await this.#open()
      try {
        const answer = await question(store)
        this.problem = ''
        return answer
      } finally {
        await store.close()
      }
    } catch (error) {
      this.problem = error instanceof ClosebellError ? `${error.code}: ${error.fact}` : (error as Error).message
      return null
    }
  }
}

const finite = (value: number | undefined): number | null =>
  value !== undefined && Number.isFinite(value) ? value : null
