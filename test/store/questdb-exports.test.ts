import { createServer, get, type ClientRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openAccess } from '../../src/ports/access.ts'
import type { Clock } from '../../src/ports/clock.ts'
import { dateToEventTime, numbers, type Store } from '../../src/ports/store.ts'
import { Exports } from '../../src/store/questdb/exports.ts'
import { openQuestdb } from '../../src/store/questdb/index.ts'
import { QuestdbRest } from '../../src/store/questdb/rest.ts'
import { failingProxy, type FailingProxy } from './failing-proxy.ts'
import { ask, prefixOf, realQuestdb, server, silentLog, systemClock } from './real-questdb.ts'

const date = '2023-02-01'

describe('Exports', () => {
  const sleeps: number[] = []
  const clock: Clock = { ...systemClock, sleep: async (ms) => void sleeps.push(ms) }
  let running = 0
  let mostAtOnce = 0
  let status = 200
  const serving = createServer((_, answer) => {
    mostAtOnce = Math.max(mostAtOnce, ++running)
    setTimeout(() => {
      running--
      answer.writeHead(status).end('answer')
    }, 20)
  })
  let exports: Exports
  beforeAll(async () => {
    await new Promise<void>((resolve) => serving.listen(0, '127.0.0.1', resolve))
    const { port } = serving.address() as AddressInfo
    exports = new Exports(new QuestdbRest({ host: '127.0.0.1', port, access: openAccess }), clock)
  })
  afterAll(() => void serving.close())

  it('runs two at a time, those that fail included', async () => {
    status = 500
    await Promise.allSettled(Array.from({ length: 5 }, () => exports.parquet('SELECT 1')))
    status = 200
    const files = await Promise.all(Array.from({ length: 7 }, () => exports.parquet('SELECT 1')))
    expect(files.map((file) => file.byteLength)).toEqual(new Array(7).fill('answer'.length))
    expect(mostAtOnce).toBe(2)
    expect(sleeps).toEqual([])
  })

  it('gives up after a minute without a free one', async () => {
    status = 429
    const code = 'CB_STORE_UNREACHABLE'
    await expect(exports.parquet('SELECT 1')).rejects.toMatchObject({ code, retriable: true })
    expect(sleeps.slice(0, 7)).toEqual([50, 100, 200, 400, 800, 1600, 2000])
    expect(sleeps.reduce((sum, ms) => sum + ms)).toBeGreaterThanOrEqual(60_000)
  })
})

/** An export that nobody reads: the server is stuck in the middle of its answer. */
function unread(statement: string): Promise<ClientRequest> {
  const { host, httpPort } = server()
  const path = `/exp?fmt=parquet&compression_codec=uncompressed&query=${encodeURIComponent(statement)}`
  return new Promise((resolve, reject) => {
    const request = get({ host, port: httpPort, path, agent: false }, (answer) => {
      answer.on('error', () => undefined).pause()
      resolve(request)
    })
    request.on('error', reject)
  })
}

describe.skipIf(realQuestdb === null)('QuestDB whose exports others hold', () => {
  const prefix = prefixOf('exports')
  const table = `${prefix}_styles`
  const held: ClientRequest[] = []
  let sleeps = 0
  let proxy: FailingProxy
  let store: Store
  beforeAll(async () => {
    const clock: Clock = {
      ...systemClock,
      async sleep(ms) {
        if (++sleeps === 3) held.forEach((reader) => reader.destroy())
        await systemClock.sleep(ms)
      },
    }
    proxy = await failingProxy(server())
    store = await openQuestdb({ host: '127.0.0.1', httpPort: proxy.port, prefix, clock, log: silentLog })
    await store.ensureTables()
  })
  afterAll(async () => {
    await store?.close()
    await proxy?.close()
  })

  it('is asked again until one is free', async () => {
    await store.append('styles', {
      count: 1,
      columns: {
        event_time: Float64Array.of(dateToEventTime(date)),
        revision: Float64Array.of(0),
        style: ['size'],
        return: Float64Array.of(0.5),
      },
    })
    await store.applied(['styles'])
    await ask(`CREATE TABLE "${table}_long" AS (SELECT x, x + 0.5 AS y FROM long_sequence(1500000))`)
    sleeps = 0
    held.push(await unread(`SELECT * FROM "${table}_long"`), await unread(`SELECT * FROM "${table}_long"`))
    const read = await store.panel({ table: 'styles', columns: ['return'], from: date, to: date })
    expect([...numbers(read, 'return')]).toEqual([0.5])
    expect(sleeps).toBeGreaterThanOrEqual(3)
    await ask(`DROP TABLE "${table}_long"`)
  }, 30_000)
})
