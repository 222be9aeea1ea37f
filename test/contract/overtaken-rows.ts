import { expect, it } from 'vitest'
import type { TableName } from '../../schemas/tables.ts'
import { numbers, texts, type Rows, type Store } from '../../src/ports/store.ts'
import { dateOf, dayOf, factorRows } from './stored-rows.ts'

type Write = (table: TableName, rows: Rows) => Promise<void>

/** What becomes of the rows of a date once it was corrected. */
export function leavesOutOvertaken(store: () => Store, write: Write): void {
  it('leaves out what a completed revision of the date took back or has none of', async () => {
    const time = dayOf(40)
    const styled = (revision: number) => ({
      count: 1,
      columns: { event_time: Float64Array.of(time), revision: Float64Array.of(revision), style: ['beta'] },
    })
    await write('factors', factorRows(['A', 'B'].map((instrument) => ({ time, instrument, raw: 1 }))))
    await write('factors', factorRows([{ time, instrument: 'A', revision: 1, raw: 2, knownAt: time + 8 }]))
    await write('styles', styled(0))
    const rows = async (asOf?: number) => {
      const query = { from: dateOf(40), to: dateOf(40), ...(asOf === undefined ? {} : { asOf }) }
      const factors = await store().panel({ ...query, table: 'factors', columns: ['instrument', 'raw'] })
      const styles = await store().panel({ ...query, table: 'styles', columns: ['style'] })
      return [texts(factors, 'instrument'), [...numbers(factors, 'raw')], styles.count]
    }
    const complete = (revision: number, retracted: number) =>
      write('completed', {
        count: 1,
        columns: {
          event_time: Float64Array.of(time),
          revision: Float64Array.of(revision),
          known_at: Float64Array.of(time + 10 * revision),
          retracted: Float64Array.of(retracted),
        },
      })
    await complete(0, 0)
    expect(await rows()).toEqual([['A', 'B'], [2, 1], 1])
    await complete(1, 0)
    expect(await rows()).toEqual([['A'], [2], 1])
    await complete(2, 1)
    expect(await rows()).toEqual([[], [], 0])
    await complete(3, 0)
    await write('factors', factorRows([{ time, instrument: 'B', revision: 3, raw: 3, knownAt: time + 28 }]))
    expect(await rows()).toEqual([['B'], [3], 1])
    expect((await rows(time + 15)).slice(0, 2)).toEqual([['A'], [2]])
  })
}
