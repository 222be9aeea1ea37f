import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dateToEventTime, numbers, type Rows, type Store } from '../../src/ports/store.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { openQuestdb, parseQuestdbUrl } from '../../src/store/questdb/index.ts'
import { failingProxy, type FailingProxy, type Fate } from './failing-proxy.ts'
import { ask, openReal, prefixOf, realQuestdb, server, silentLog, systemClock } from './real-questdb.ts'

const day = dateToEventTime('2023-02-01')

const styleRows = (count: number, first = 0): Rows => ({
  count,
  columns: {
    event_time: new Float64Array(count).fill(day),
    revision: new Float64Array(count),
    style: Array.from({ length: count }, (_, row) => `style-${String(first + row).padStart(6, '0')}`),
    return: Float64Array.from({ length: count }, (_, row) => (first + row) / 3),
  },
})

describe('parseQuestdbUrl', () => {
  it('reads host, HTTP port, prefix and encoder', () => {
    expect(parseQuestdbUrl('questdb://db.example')).toEqual({ host: 'db.example', httpPort: 9000 })
    expect(parseQuestdbUrl('questdb://127.0.0.1:19000/')).toEqual({ host: '127.0.0.1', httpPort: 19000 })
    expect(parseQuestdbUrl('questdb://h:1/cn_1')).toEqual({ host: 'h', httpPort: 1, prefix: 'cn_1' })
    const encoder = 'binary'
    expect(parseQuestdbUrl('questdb://h:1?encoder=binary')).toEqual({ host: 'h', httpPort: 1, encoder })
    expect(parseQuestdbUrl('questdb://h/cn?encoder=binary')).toMatchObject({ prefix: 'cn', encoder })
  })

  it.each([
    '',
    'questdb://',
    'http://h:1',
    'questdb://h:x',
    'questdb://h:1/A"; DROP',
    'questdb://h:1//a',
    'questdb://h?encoder=x',
  ])('refuses %j', (url) => expect(() => parseQuestdbUrl(url)).toThrow('CB_USAGE'))
})

describe('openQuestdb without a server', () => {
  it('says that the store does not answer', async () => {
    const proxy = await failingProxy({ host: '127.0.0.1', httpPort: 1 })
    await proxy.close()
    const open = openQuestdb({ host: '127.0.0.1', httpPort: proxy.port, clock: systemClock, log: silentLog })
    await expect(open).rejects.toMatchObject({ code: 'CB_STORE_UNREACHABLE', retriable: true })
  })
})

describe.skipIf(realQuestdb === null)('QuestDB whose writes fail', () => {
  const prefix = prefixOf('outbox')
  const sleeps: number[] = []
  const clock: Clock = { ...systemClock, sleep: async (ms) => void sleeps.push(ms) }
  let proxy: FailingProxy
  let store: Store
  let reader: Store

  beforeAll(async () => {
    proxy = await failingProxy(server())
    store = await openQuestdb({ host: '127.0.0.1', httpPort: proxy.port, prefix, clock, log: silentLog })
    reader = await openReal(prefix)
    await store.ensureTables()
  })
  beforeEach(async () => {
    sleeps.length = 0
    await ask(`TRUNCATE TABLE "${prefix}_styles"`)
  })
  afterAll(async () => {
    await store?.close()
    await reader?.close()
    await proxy?.close()
  })

  const stored = async () => {
    await reader.applied(['styles'])
    return reader.panel({ table: 'styles', columns: ['return'], from: '2023-02-01', to: '2023-02-01' })
  }

  const failures: readonly (readonly [string, readonly Fate[]])[] = [
    ['breaks before it arrives', ['break before']],
    ['breaks after it arrived', ['break after']],
    ['is answered with an error', [502]],
    ['fails in three ways, one after another', [502, 'break after', 'break before']],
  ]
  it.each(failures)('loses no row and doubles none when a flush %s', async (_, fates) => {
    const before = proxy.writes()
    proxy.fates.push(...fates)
    await store.append('styles', styleRows(500))
    await store.append('styles', styleRows(500, 400))
    const read = await stored()
    expect(numbers(read, 'return')).toEqual(Float64Array.from({ length: 900 }, (__, row) => row / 3))
    expect(proxy.writes() - before).toBe(fates.length + 2)
    expect(sleeps).toEqual([100, 200, 400].slice(0, fates.length))
  })

  it('sends only the request again that failed when an append needs several', async () => {
    const before = proxy.writes()
    proxy.fates.push('pass', 'break after')
    await store.append('styles', styleRows(120_000))
    expect(proxy.writes() - before).toBe(3)
    expect((await stored()).count).toBe(120_000)
  })

  it('gives up after six attempts with a retriable error, and goes on with the next append', async () => {
    proxy.fates.push(...new Array<Fate>(6).fill('break before'))
    const code = 'CB_STORE_UNREACHABLE'
    await expect(store.append('styles', styleRows(1))).rejects.toMatchObject({ code, retriable: true })
    await store.append('styles', styleRows(1, 7))
    expect([...numbers(await stored(), 'return')]).toEqual([7 / 3])
  })

  it('does not repeat what the server refuses', async () => {
    proxy.fates.push(400)
    await expect(store.append('styles', styleRows(1))).rejects.toMatchObject({ code: 'CB_STORE_VALUE' })
    expect(sleeps).toEqual([])
  })

  it('refuses to let more than five million rows wait', async () => {
    const rows = { count: 5_000_001, columns: {} }
    const long = {
      ...rows,
      columns: Object.fromEntries(
        ['event_time', 'revision', 'return'].map((name) => [name, new Float64Array(rows.count)]),
      ),
    }
    const styles = { ...long.columns, style: new Array<string>(rows.count).fill('s') }
    await expect(store.append('styles', { ...rows, columns: styles })).rejects.toMatchObject({ retriable: true })
  })
})

describe.skipIf(realQuestdb === null)('a suspended QuestDB table', () => {
  const prefix = prefixOf('suspended')
  let store: Store
  beforeAll(async () => {
    store = await openReal(prefix)
    await store.ensureTables()
  })
  afterAll(() => store?.close())

  it('is an error for those who wait for it, though its writes are acknowledged', async () => {
    await ask(`ALTER TABLE "${prefix}_styles" SUSPEND WAL WITH 'DISK FULL', 'no space left'`)
    await store.append('styles', styleRows(3))
    const code = 'CB_STORE_SUSPENDED'
    await expect(store.applied(['styles'])).rejects.toMatchObject({
      code,
      fact: expect.stringContaining('no space left'),
    })
    await expect(store.applied()).rejects.toMatchObject({ code })
    await expect(store.applied(['graphs'])).resolves.toBeUndefined()
    await ask(`ALTER TABLE "${prefix}_styles" RESUME WAL`)
    await store.applied()
    const read = await store.panel({ table: 'styles', columns: ['return'], from: '2023-02-01', to: '2023-02-01' })
    expect(read.count).toBe(3)
  })
})

describe.skipIf(realQuestdb === null)('QuestDB tables of another definition', () => {
  const prefix = prefixOf('other')
  const create = (columns: string, keys: string) =>
    ask(
      `CREATE TABLE "${prefix}_pv" (event_time TIMESTAMP, ${columns}) TIMESTAMP(event_time) PARTITION BY YEAR WAL
       DEDUP UPSERT KEYS(event_time, ${keys})`,
    )
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    ['a column of ours has another type', 'instrument VARCHAR, revision LONG', 'revision', /instrument is stored as/],
    ['it has a column of no definition', 'instrument SYMBOL, revision LONG, odd INT', 'revision', /odd of no def/],
    ['its keys differ', 'instrument SYMBOL, revision LONG', 'revision', /keys event_time, revision/],
  ]
  it.each(cases)('are refused when %s', async (_, columns, keys, fact) => {
    await create(columns, keys)
    const store = await openReal(prefix)
    await expect(store.ensureTables()).rejects.toMatchObject({
      code: 'CB_STORE_COLUMN',
      fact: expect.stringMatching(fact),
    })
    await store.close()
    await ask(`DROP TABLE "${prefix}_pv"`)
  })
})
