import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tableOf, type TableName } from '../../schemas/tables.ts'
import { numbers, type ColumnValues, type Rows, type Store } from '../../src/ports/store.ts'
import { openQuestdb } from '../../src/store/questdb/index.ts'
import { doubles, randomOf, strings } from '../contract/awkward-values.ts'
import { bits, dateOf, day } from '../contract/stored-rows.ts'
import { seed } from '../seed.ts'
import { failingProxy, type FailingProxy } from './failing-proxy.ts'
import { openReal, prefixOf, realQuestdb, server, silentLog, systemClock } from './real-questdb.ts'

const count = 2000
const integers = [0, -0, 1, -1, 9, 10, 999_999_999, 1e9, 1_000_000_001, 1e15, 2 ** 53, -(2 ** 53), NaN]
const tables: readonly TableName[] = ['pv', 'instruments', 'weights']

/** Rows of every column of a table, with what is awkward in each kind, at random. */
function drawnRows(table: TableName): Rows {
  const random = randomOf(seed)
  const oneOf = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T
  const draw: Readonly<Record<string, () => number>> = {
    double: () => (random() < 0.5 ? oneOf(doubles) : (random() - 0.5) * 10 ** Math.floor(random() * 40 - 20)),
    long: () => oneOf(integers),
    boolean: () => oneOf([0, 1, NaN]),
    timestamp: () => oneOf([NaN, day, day + 1, day + Math.floor(random() * 1e12)]),
  }
  const { columns, keys } = tableOf(table)
  const filled = columns.map(({ name, kind }): [string, ColumnValues] => {
    const isNumeric = kind !== 'text' && kind !== 'symbol'
    if (name === 'event_time') return [name, new Float64Array(count).fill(day)]
    if (!keys.includes(name)) {
      return [name, isNumeric ? Float64Array.from({ length: count }, draw[kind]) : names(() => oneOf(strings))]
    }
    // Every key but one is of each row's own, so that no row replaces another.
    return [name, isNumeric ? Float64Array.from({ length: count }, (_, row) => row) : names((row) => `${row} =,\\ü`)]
  })
  return { count, columns: Object.fromEntries(filled) }
}

const names = (of: (row: number) => string): string[] => Array.from({ length: count }, (_, row) => of(row))

describe.skipIf(realQuestdb === null)('the binary encoder', () => {
  const prefix = prefixOf('binary')
  let client: Store
  let binary: Store
  let proxy: FailingProxy
  beforeAll(async () => {
    proxy = await failingProxy(server())
    client = await openReal(prefixOf('client'))
    binary = await openQuestdb({
      host: '127.0.0.1',
      httpPort: proxy.port,
      prefix,
      encoder: 'binary',
      clock: { ...systemClock, sleep: (ms) => systemClock.sleep(Math.min(ms, 20)) },
      log: silentLog,
    })
    await Promise.all([client.ensureTables(), binary.ensureTables()])
  })
  afterAll(async () => {
    await client?.close()
    await binary?.close()
    await proxy?.close()
  })

  it.each(tables)('stores rows of %s as the official client does', async (table) => {
    const rows = drawnRows(table)
    const [expected, got] = await Promise.all(
      [client, binary].map(async (store) => {
        await store.append(table, rows)
        await store.applied([table])
        const columns = tableOf(table).columns.map(({ name }) => name)
        const read = await store.panel({ table, columns, from: dateOf(0), to: dateOf(0) })
        return Object.entries(read.columns).map(([name, values]) => [
          name,
          values instanceof Float64Array ? bits(values) : values,
        ])
      }),
    )
    expect(got).toEqual(expected)
    expect(expected[0]?.[1]).toHaveLength(count)
  })

  it('sends again what failed, and not what was refused', async () => {
    const [rows, before] = [drawnRows('styles'), proxy.writes()]
    proxy.fates.push('break before', 'break after', 503)
    await binary.append('styles', rows)
    expect(proxy.writes() - before).toBe(4)
    await binary.applied(['styles'])
    const read = await binary.panel({ table: 'styles', columns: ['return'], from: dateOf(0), to: dateOf(0) })
    expect(numbers(read, 'return')).toHaveLength(count)
    proxy.fates.push(400)
    await expect(binary.append('styles', rows)).rejects.toMatchObject({ code: 'CB_STORE_VALUE' })
  })
})
