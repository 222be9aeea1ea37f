import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tableOf, type TableName } from '../../schemas/tables.ts'
import { numbers, texts, type ColumnValues, type Rows, type Store } from '../../src/ports/store.ts'
import { seed } from '../seed.ts'
import { doubles, randomOf, strings } from './awkward-values.ts'
import { leavesOutOvertaken } from './overtaken-rows.ts'
import { bits, dateOf, day, dayOf, factorRows, minuteMicros, without } from './stored-rows.ts'

/** What a store adapter brings to the suite: a store that lasts until `stop`, and a way to age its tables. */
export interface StoreHarness {
  readonly store: Store
  /** Leaves the table as a release left it that did not know the column yet; gives the store opened again. */
  dropColumn(table: TableName, column: string): Promise<Store>
  stop(): Promise<void>
}

/** The contract of the Store port; every test uses days of its own, so that one store serves them all. */
export function storeContract(name: string, open: () => Promise<StoreHarness>): void {
  describe(`Store contract: ${name}`, () => {
    let harness: StoreHarness
    let store: Store

    beforeAll(async () => {
      harness = await open()
      store = harness.store
      await store.ensureTables()
    })
    afterAll(() => harness?.stop())

    const write = async (table: TableName, rows: Rows): Promise<void> => {
      await store.append(table, rows)
      await store.applied([table])
    }
    const factors = (offset: number, more: object = {}) =>
      store.panel({
        table: 'factors',
        columns: ['event_time', 'instrument', 'set', 'revision', 'known_at', 'raw', 'neutral', 'artifact'],
        from: dateOf(offset),
        to: dateOf(offset),
        ...more,
      })

    it('gives doubles back bit for bit, and NaN as NaN', async () => {
      const rows = factorRows(
        doubles.map((raw, index) => ({ time: dayOf(1), instrument: `I${String(index).padStart(2, '0')}`, raw })),
      )
      await write('factors', rows)
      const read = await factors(1)
      expect(read.count).toBe(doubles.length)
      expect(bits(numbers(read, 'raw'))).toEqual(bits(Float64Array.from(doubles)))
      expect(numbers(read, 'neutral').every(Number.isNaN)).toBe(true)
    })

    it('gives any drawn double back bit for bit', async () => {
      const random = randomOf(seed)
      const words = Uint32Array.from({ length: 4000 }, () => Math.floor(random() * 2 ** 32))
      const drawn = new Float64Array(words.buffer).filter(Number.isFinite)
      const rows = Array.from(drawn, (raw, row) => ({
        time: dayOf(19),
        instrument: `I${String(row).padStart(4, '0')}`,
        raw,
      }))
      await write('factors', factorRows(rows))
      expect(bits(numbers(await factors(19), 'raw'))).toEqual(bits(drawn))
    })

    it('gives exact integers, µs times and booleans back, and NaN where there was none', async () => {
      const quality = Float64Array.of(0, 2 ** 53, -(2 ** 53), 2 ** 53 - 1, 1, NaN)
      const known = Float64Array.of(dayOf(2) + 1, dayOf(2) + 999_999, dayOf(2) + 123_457, NaN, dayOf(2), dayOf(2))
      const instrument = ['A', 'B', 'C', 'D', 'E', 'F']
      await write('pv', {
        count: 6,
        columns: {
          event_time: new Float64Array(6).fill(dayOf(2)),
          instrument,
          revision: new Float64Array(6),
          known_at: known,
          quality,
        },
      })
      const query = { table: 'pv', from: dateOf(2), to: dateOf(2) } as const
      const read = await store.panel({ ...query, columns: ['quality', 'known_at', 'event_time'] })
      expect(numbers(read, 'quality')).toEqual(quality)
      expect(numbers(read, 'known_at')).toEqual(known)
      expect(numbers(read, 'event_time')).toEqual(new Float64Array(6).fill(dayOf(2)))

      const flags = Float64Array.of(1, 0, NaN)
      await write('completed', {
        count: 3,
        columns: {
          event_time: new Float64Array(3).fill(dayOf(2)),
          revision: Float64Array.of(0, 1, 2),
          degraded: flags,
          cause: ['', 'x', ''],
        },
      })
      const newest = await store.panel({ ...query, table: 'completed', columns: ['degraded', 'retracted', 'cause'] })
      expect(newest).toEqual({
        count: 1,
        columns: { degraded: Float64Array.of(NaN), retracted: Float64Array.of(NaN), cause: [''] },
      })
    })

    leavesOutOvertaken(() => store, write)

    it('gives strings back whatever they hold, and "" as ""', async () => {
      const count = strings.length
      const instrument = strings.map((_, index) => `I${String(index).padStart(2, '0')}`)
      await write('instruments', {
        count,
        columns: {
          event_time: new Float64Array(count).fill(dayOf(3)),
          instrument,
          revision: new Float64Array(count),
          name: strings,
          industry: strings,
        },
      })
      const query = { table: 'instruments', columns: ['instrument', 'name', 'industry'] } as const
      const read = await store.panel({ ...query, from: dateOf(3), to: dateOf(3) })
      expect(texts(read, 'instrument')).toEqual(instrument)
      expect(texts(read, 'name')).toEqual(strings)
      expect(texts(read, 'industry')).toEqual(strings)
      for (const [index, industry] of strings.entries()) {
        const found = await store.panel({ ...query, from: dateOf(3), to: dateOf(3), where: { industry } })
        expect(texts(found, 'instrument')).toEqual([instrument[index]])
      }
    })

    it('takes instruments of odd names as keys and as filters', async () => {
      const odd = ['__proto__', "a'b", 'a,b=c d', 'back\\slash', 'line\nbreak']
      await write('factors', factorRows(odd.map((instrument, raw) => ({ time: dayOf(4), instrument, raw }))))
      for (const [raw, instrument] of odd.entries()) {
        const read = await factors(4, { instruments: [instrument] })
        expect([texts(read, 'instrument'), [...numbers(read, 'raw')]]).toEqual([[instrument], [raw]])
      }
    })

    it('counts rows once that are written three times', async () => {
      const rows = factorRows(
        Array.from({ length: 3000 }, (_, index) => ({ time: dayOf(5), instrument: `I${index}`, raw: index / 7 })),
      )
      for (let time = 0; time < 3; time++) await write('factors', rows)
      const read = await factors(5)
      expect(read.count).toBe(3000)
      expect(numbers(read, 'raw').reduce((sum, value) => sum + value, 0)).toBeCloseTo((2999 * 3000) / 14, 6)
    })

    it('replaces a whole row by a later one of equal keys, also within one append', async () => {
      await write('factors', factorRows([{ time: dayOf(6), instrument: 'A', raw: 1, artifact: 'first' }]))
      const columns = without(factorRows([{ time: dayOf(6), instrument: 'A' }]), 'raw', 'artifact')
      await write('factors', { count: 1, columns: { ...columns, neutral: Float64Array.of(2) } })
      const read = await factors(6)
      expect([read.count, numbers(read, 'raw')[0], numbers(read, 'neutral')[0], texts(read, 'artifact')]).toEqual([
        1, NaN, 2, [''],
      ]) // prettier-ignore
      await write(
        'factors',
        factorRows([1, 2, 3].map((raw) => ({ time: dayOf(6), instrument: 'B', raw, artifact: `v${raw}` }))),
      )
      const again = await factors(6, { instruments: ['B'] })
      expect([again.count, numbers(again, 'raw')[0], texts(again, 'artifact')]).toEqual([1, 3, ['v3']])
    })

    it('takes the highest revision known at the time asked for', async () => {
      const revisions = [0, 1, 2].map((revision) => ({
        time: dayOf(7), instrument: 'A', revision, knownAt: dayOf(7) + revision * 10, raw: revision,
      })) // prettier-ignore
      await write('factors', factorRows([...revisions, { time: dayOf(7), instrument: 'B', knownAt: dayOf(7) + 5 }]))
      const known = async (asOf?: number) => {
        const read = await factors(7, asOf === undefined ? {} : { asOf })
        return texts(read, 'instrument').map((name, row) => `${name}${numbers(read, 'revision')[row]}`)
      }
      expect(await known()).toEqual(['A2', 'B0'])
      expect(await known(dayOf(7) + 19)).toEqual(['A1', 'B0'])
      expect(await known(dayOf(7) + 10)).toEqual(['A1', 'B0'])
      expect(await known(dayOf(7) + 9)).toEqual(['A0', 'B0'])
      expect(await known(dayOf(7))).toEqual(['A0'])
      expect(await known(dayOf(7) - 1)).toEqual([])
    })

    it('filters by a column that is no key only after the newest revision is chosen', async () => {
      await write(
        'factors',
        factorRows([
          { time: dayOf(8), instrument: 'A', revision: 0, artifact: 'old' },
          { time: dayOf(8), instrument: 'A', revision: 1, artifact: 'new' },
          { time: dayOf(8), instrument: 'B', revision: 0, artifact: 'old' },
        ]),
      )
      expect(texts(await factors(8, { where: { artifact: 'old' } }), 'instrument')).toEqual(['B'])
      expect(texts(await factors(8, { where: { artifact: 'new' } }), 'instrument')).toEqual(['A'])
    })

    it('orders rows by time, instrument, then the other keys, and filters by set and instruments', async () => {
      const rows = ['HF', 'C', 'PV'].flatMap((set, s) =>
        ['B', 'A', 'C'].flatMap((instrument, i) =>
          [10, 9].map((offset) => ({ time: dayOf(offset), instrument, set, raw: s * 10 + i })),
        ),
      )
      await write('factors', factorRows(rows))
      const query = { from: dateOf(9), to: dateOf(10) }
      const all = await factors(9, query)
      const keys = texts(all, 'instrument').map(
        (name, row) => `${numbers(all, 'event_time')[row] === dayOf(9) ? 9 : 10}${name}${texts(all, 'set')[row]}`,
      )
      const wanted = ['9', '10'].flatMap((d) => ['A', 'B', 'C'].flatMap((i) => ['C', 'HF', 'PV'].map((s) => d + i + s)))
      expect(keys).toEqual(wanted)
      const some = await factors(9, { ...query, where: { set: 'HF' }, instruments: ['C', 'B', 'X'] })
      expect([...numbers(some, 'raw')]).toEqual([0, 2, 0, 2])
      for (const length of [1_400, 6_000]) {
        const many = Array.from({ length }, (_, index) => `${600_000 + index}.SH`)
        expect((await factors(9, { ...query, instruments: [...many, 'A'] })).count).toBe(6)
      }
      expect((await factors(9, { ...query, instruments: [] })).count).toBe(0)
    })

    it('orders long keys as numbers', async () => {
      const ranks = [10, 9, 2, 1]
      await write('graphs', {
        count: 4,
        columns: {
          event_time: new Float64Array(4).fill(dayOf(9)),
          instrument: ['A', 'A', 'A', 'A'],
          revision: new Float64Array(4),
          graph: ['g', 'g', 'g', 'g'],
          rank: Float64Array.from(ranks),
          neighbour: ranks.map((rank) => `N${rank}`),
        },
      })
      const read = await store.panel({ table: 'graphs', columns: ['neighbour'], from: dateOf(9), to: dateOf(9) })
      expect(texts(read, 'neighbour')).toEqual(['N1', 'N2', 'N9', 'N10'])
    })

    it('reads a column whose name is a function of SQL, over two revisions and where there is no row', async () => {
      await write('graphs', {
        count: 3,
        columns: {
          event_time: new Float64Array(3).fill(dayOf(10)),
          instrument: ['A', 'A', 'A'],
          revision: Float64Array.of(0, 1, 0),
          graph: ['g', 'g', 'g'],
          rank: Float64Array.of(1, 1, 2),
          neighbour: ['old', 'new', 'N2'],
        },
      })
      const columns = ['rank', 'neighbour']
      const read = await store.panel({ table: 'graphs', columns, from: dateOf(10), to: dateOf(10) })
      expect([[...numbers(read, 'rank')], texts(read, 'neighbour')]).toEqual([
        [1, 2],
        ['new', 'N2'],
      ])
      expect((await store.panel({ table: 'graphs', columns, from: dateOf(20), to: dateOf(20) })).count).toBe(0)
    })

    it('lists the dates that have rows', async () => {
      await write('styles', {
        count: 3,
        columns: {
          event_time: Float64Array.of(dayOf(14), dayOf(11), dayOf(11)),
          revision: new Float64Array(3),
          style: ['size', 'size', 'beta'],
          return: Float64Array.of(1, 2, 3),
        },
      })
      expect(await store.dates('styles', dateOf(10), dateOf(20))).toEqual([dateOf(11), dateOf(14)])
      expect(await store.dates('styles', dateOf(11), dateOf(11))).toEqual([dateOf(11)])
      expect(await store.dates('styles', dateOf(12), dateOf(13))).toEqual([])
    })

    it('gives empty columns of the right kind for a panel without rows', async () => {
      const read = await store.panel({
        table: 'factors',
        columns: ['instrument', 'raw', 'revision', 'known_at'],
        from: '1999-01-01',
        to: '1999-12-31',
        asOf: day,
      })
      const none = new Float64Array(0)
      expect(read).toEqual({ count: 0, columns: { instrument: [], raw: none, revision: none, known_at: none } })
    })

    it('keeps minute rows apart by their minute, under the date of the session', async () => {
      const count = 240
      const start = dayOf(12) + 90 * minuteMicros
      await write('hf_minutes', {
        count,
        columns: {
          event_time: Float64Array.from({ length: count }, (_, minute) => start + minute * minuteMicros),
          instrument: new Array<string>(count).fill('A'),
          revision: new Float64Array(count),
          origin: new Array<string>(count).fill('live'),
          minute: Float64Array.from({ length: count }, (_, minute) => minute),
        },
      })
      const query = { table: 'hf_minutes', columns: ['minute', 'event_time'] } as const
      const read = await store.panel({ ...query, from: dateOf(12), to: dateOf(12) })
      expect([...numbers(read, 'minute')]).toEqual(Array.from({ length: count }, (_, minute) => minute))
      expect(numbers(read, 'event_time')[239]).toBe(start + 239 * minuteMicros)
      expect(await store.dates('hf_minutes', dateOf(11), dateOf(13))).toEqual([dateOf(12)])
    })

    it('refuses unknown columns before anything is written', async () => {
      const rows = factorRows([{ time: dayOf(15), instrument: 'A' }])
      const code = 'CB_STORE_COLUMN'
      const more = Object.fromEntries([...Object.entries(rows.columns), ['typo', Float64Array.of(1)]])
      await expect(store.append('factors', { count: 1, columns: more })).rejects.toMatchObject({ code })
      const proto = Object.fromEntries([...Object.entries(rows.columns), ['__proto__', ['x']]])
      await expect(store.append('factors', { count: 1, columns: proto })).rejects.toMatchObject({ code })
      await store.applied()
      expect((await factors(15)).count).toBe(0)
      await expect(factors(15, { columns: ['typo'] })).rejects.toMatchObject({ code })
      await expect(factors(15, { where: { typo: 'x' } })).rejects.toMatchObject({ code })
      await expect(factors(15, { where: { raw: '1' } })).rejects.toMatchObject({ code })
      await expect(factors(15, { where: { set: 'a\0b' } })).rejects.toMatchObject({ code: 'CB_STORE_VALUE' })
      await expect(factors(15, { instruments: ['a\0b'] })).rejects.toMatchObject({ code: 'CB_STORE_VALUE' })
      await expect(factors(15, { from: 'yesterday' })).rejects.toMatchObject({ code: 'CB_STORE_VALUE' })
    })

    it('refuses infinite, fractional, mistyped and missing values before anything is written', async () => {
      const good = factorRows([
        { time: dayOf(16), instrument: 'A' },
        { time: dayOf(16), instrument: 'B' },
      ])
      const bad: Record<string, ColumnValues>[] = [
        { raw: Float64Array.of(1, Infinity) },
        { raw: Float64Array.of(-Infinity, 1) },
        { horizon: Float64Array.of(1, 1.5) },
        { horizon: Float64Array.of(1, 2 ** 54) },
        { raw: ['1', '2'] },
        { artifact: Float64Array.of(1, 2) },
        { raw: Float64Array.of(1) },
        { instrument: ['A', ''] },
        { event_time: Float64Array.of(dayOf(16), NaN) },
        { artifact: ['a\0b', 'c'] },
        { instrument: ['A', '\ud800'] },
      ]
      for (const change of bad) {
        const refused = store.append('factors', { count: 2, columns: { ...good.columns, ...change } })
        await expect(refused, Object.keys(change).join()).rejects.toMatchObject({ code: 'CB_STORE_VALUE' })
      }
      const keyless = store.append('factors', { count: 2, columns: without(good, 'set') })
      await expect(keyless).rejects.toMatchObject({ code: 'CB_STORE_VALUE' })
      await store.applied()
      expect((await factors(16)).count).toBe(0)
    })

    it('takes empty appends, and appends at the same time, in the order they were made', async () => {
      await store.append('factors', factorRows([]))
      const appends = Array.from({ length: 20 }, (_, raw) =>
        [`B${raw}`, `C${raw}`, 'A'].map((instrument) => ({ time: dayOf(17), instrument, raw })),
      )
      await Promise.all(appends.map((rows) => store.append('factors', factorRows(rows))))
      await store.applied(['factors'])
      expect([...numbers(await factors(17, { instruments: ['A'] }), 'raw')]).toEqual([19])
      expect((await factors(17)).count).toBe(41)
    })

    it('ensures tables twice, and adds the columns that the definition gained', async () => {
      const column = tableOf('hf').columns.at(-1)?.name ?? ''
      store = await harness.dropColumn('hf', column)
      const gone = store.panel({ table: 'hf', columns: [column], from: dateOf(18), to: dateOf(18) })
      await expect(gone).rejects.toThrow(column)
      await store.ensureTables()
      await store.ensureTables()
      const empty = await store.panel({ table: 'hf', columns: [column], from: dateOf(18), to: dateOf(18) })
      expect(empty).toEqual({ count: 0, columns: { [column]: new Float64Array(0) } })
      await write('hf', {
        count: 1,
        columns: {
          event_time: Float64Array.of(dayOf(18)),
          instrument: ['A'],
          revision: Float64Array.of(0),
          [column]: Float64Array.of(0.25),
        },
      })
      const read = await store.panel({ table: 'hf', columns: [column], from: dateOf(18), to: dateOf(18) })
      expect([...numbers(read, column)]).toEqual([0.25])
    })
  })
}
