import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Status } from '../../schemas/day.ts'
import type { TableName } from '../../schemas/tables.ts'
import type {
  EarlierMinute,
  FactorTable,
  InstrumentDay,
  StatusTick,
  Universe,
} from '../../src/monitor/protocol/messages.ts'
import { metricNames } from '../../src/monitor/server/monitor-metrics.ts'
import { numbers, texts } from '../../src/ports/store.ts'
import { codecs } from '../../src/wire/index.ts'
import { smallMarket } from '../faults/simulated-day.ts'
import { seed } from '../seed.ts'
import { closeDay, publish } from '../subscribe/closed-days.ts'
import { decodeColumn, readStream, watchSession, type MonitoredSession, type StreamEvent } from './monitored-session.ts'
import { statusOf as reportOf } from '../top/status-of.ts'

const token = 'the-token-of-this-test'

const statusOf = (events: readonly StreamEvent[]): StatusTick | null => {
  const last = events.findLast(({ type }) => type === 'status')
  return last === undefined ? null : (JSON.parse(last.data[0]) as StatusTick)
}

/** Status code, headers and body of one request, with headers that fetch would not send. */
const ask = (url: string, headers: Record<string, string> = {}, method = 'GET') =>
  new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((resolve, reject) => {
    const asked = request(url, { method, headers }, (answer) => {
      let body = ''
      answer.on('data', (bytes: Buffer) => (body += bytes.toString()))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body }))
    })
    asked.on('error', reject)
    asked.end()
  })

describe('a monitor of a simulated day', () => {
  let session: MonitoredSession

  beforeAll(async () => {
    session = await watchSession(smallMarket(seed))
    await session.trade()
    await session.sink()
    const { date, bus } = session
    const late = { partition: 1, offset: 7, row: 0, producer: 'sim', channel: '1', sequence: 3, markTime: 3e6 }
    await publish(bus, 'late', date, codecs.late.encode({ ...late, date, instrument: '600001.SH', eventTime: 1e6 }))
    await closeDay(bus, date, { degraded: true, cause: 'no G' })
    await readStream(session.url, [], (events) => statusOf(events)?.close.state === 'degraded')
  })

  afterAll(() => session.stop())

  const json = async <T>(path: string): Promise<T> => (await (await fetch(`${session.url}${path}`)).json()) as T

  const universe = async (): Promise<Universe> => {
    const events = await readStream(session.url, [], (all) => all.some(({ type }) => type === 'universe'))
    return JSON.parse(events.find(({ type }) => type === 'universe')?.data[0] ?? '') as Universe
  }

  it('answers an earlier minute with the values of the store, bit for bit', async () => {
    const { symbols } = await universe()
    for (const [table, id] of [
      ['pv_minutes', 'bar_close'],
      ['c_minutes', 'c_nbr_main'],
      ['hf_minutes', 'hf_ofi'],
    ] as const) {
      const rows = await session.store.panel({
        table,
        columns: ['instrument', 'minute', id],
        from: session.date,
        to: session.date,
      })
      for (const minute of [-1, 17, 119, 237]) {
        const { columns } = await json<EarlierMinute>(`api/minute?minute=${minute}&columns=${id}`)
        const shown = decodeColumn(columns[id])
        const stored = new Map<string, number>()
        texts(rows, 'instrument').forEach((symbol, row) => {
          if (numbers(rows, 'minute')[row] === minute) stored.set(symbol, numbers(rows, id)[row])
        })
        expect([...stored.keys()].sort()).toEqual([...symbols].sort())
        expect(symbols.map((_, place) => shown[place])).toEqual(symbols.map((symbol) => stored.get(symbol)))
      }
    }
  })

  it('shows a day whose values and minutes are those of the store', async () => {
    const { symbols } = await universe()
    const symbol = symbols[seed % symbols.length]
    const day = await json<InstrumentDay>(`api/instrument?symbol=${symbol}`)
    expect(day.isProvisional).toBe(false)
    for (const [table, ids] of [
      ['pv', ['pv_close', 'pv_vwap', 'pv_volume']],
      ['c', ['c_buy_xl', 'c_nbr_main', 'amount']],
      ['hf', ['hf_rv', 'hf_ofi', 'hf_vpin']],
    ] as const satisfies readonly (readonly [TableName, readonly string[]])[]) {
      const from = session.date
      const rows = await session.store.panel({ table, columns: ids, from, to: from, instruments: [symbol] })
      const stored = ids.map((id) => numbers(rows, id)[0])
      expect(ids.map((id) => day.values[id] ?? NaN)).toEqual(stored)
      const minutes = { table: `${table}_minutes` as TableName, from, to: from, instruments: [symbol] }
      const series = await session.store.panel({ ...minutes, columns: ['minute', ...ids] })
      expect(day.minutes).toEqual([...numbers(series, 'minute')])
      for (const id of ids.filter((one) => Object.hasOwn(day.series, one))) {
        expect(day.series[id].map((value) => value ?? NaN)).toEqual([...numbers(series, id)])
      }
    }
  })

  it('sends the last price against the previous close of Reference', async () => {
    const { symbols } = await universe()
    const events = await readStream(session.url, ['ret', 'pv_close'], (all) =>
      all.some(({ type }) => type === 'section'),
    )
    const column = (id: string): Float64Array =>
      decodeColumn(events.find(({ type, data }) => type === 'column' && data[0].includes(`"${id}"`))?.data[1] ?? '')
    for (const [place, symbol] of symbols.entries()) {
      const { previousClose } = await json<InstrumentDay>(`api/instrument?symbol=${symbol}`)
      expect(previousClose).toBeGreaterThan(0)
      expect(column('ret')[place]).toBe(column('pv_close')[place] / (previousClose ?? NaN) - 1)
    }
  })

  it('knows what each partition did, what was late, and that the day is degraded and why', async () => {
    const status = statusOf(await readStream(session.url, [], (all) => statusOf(all) !== null)) as StatusTick
    expect(status.parts.map(({ minute, closed, lateEvents }) => [minute, closed, lateEvents])).toEqual([
      [237, 'yes', 0],
      [237, 'yes', 1],
    ])
    expect(status.quality.coverage).toEqual({ value: 1, health: 'green' })
    expect(status.quality.late.health).toBe('red')
    expect(status.close).toMatchObject({ state: 'degraded', cause: 'no G', partitionsClosed: 2, hasMlC: true })
    const { late } = await json<{ late: readonly unknown[] }>('api/refused')
    expect(late).toEqual([{ partition: 1, offset: 7, instrument: '600001.SH', chain: 'sim/1', seconds: 2 }])
  })

  it('has the factors with both parts of their weights, and why others are absent', async () => {
    const table = await json<FactorTable>('api/factors')
    expect(table).toMatchObject({ state: 'degraded', symbols: ['000001.SZ', '600000.SH', '600519.SH'] })
    expect(table.neutral['PV']).toEqual([-1, null, 1])
    expect(table.raw['ML_C']).toEqual([0.5, 1, 1.5])
    expect(table.weights.find(({ set }) => set === 'HF')).toMatchObject({
      weight: 0.75,
      stateAdaptive: 0.5,
      longOnly: 1,
    })
    expect(table.weights.find(({ set }) => set === 'G')).toMatchObject({ weight: null, reason: 'no-model' })
    expect(table.exclusions).toEqual([{ instrument: '688001.SH', reason: 'no earlier close' }])
  })

  it('answers with a strict policy, and forbids to sniff and to frame', async () => {
    const page = await ask(session.url)
    expect(page.status).toBe(200)
    const policy = String(page.headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
    expect(page.headers['x-content-type-options']).toBe('nosniff')
    expect(page.body).not.toMatch(/<script>|onload=|style="/)
    const answer = await ask(`${session.url}api/hello`)
    expect(answer.headers['x-content-type-options']).toBe('nosniff')
  })

  it('serves nothing but its page and its questions', async () => {
    expect((await ask(`${session.url}page/..%2f..%2fpackage.json`)).status).toBe(404)
    expect((await ask(`${session.url}page/../../../package.json`)).status).toBe(404)
    expect((await ask(`${session.url}api/stream?columns=nothing`)).status).toBe(400)
    expect((await ask(`${session.url}api/minute?minute=999&columns=ret`)).status).toBe(404)
    expect((await ask(`${session.url}api/instrument?symbol=nobody`)).status).toBe(404)
    expect((await ask(`${session.url}api/hello`, {}, 'POST')).status).toBe(405)
    expect((await ask(`${session.url.replace(/\/$/, '')}//[`)).status).toBe(400)
  })

  it('turns away a page of another site and a name that only resolves to this machine', async () => {
    expect((await ask(`${session.url}api/hello`, { origin: 'https://elsewhere.example' })).status).toBe(403)
    expect((await ask(`${session.url}api/hello`, { host: 'rebound.example' })).status).toBe(403)
  })

  it('is healthy, ready, and has the metrics that its document names', async () => {
    expect((await ask(`${session.url}healthz`)).body).toBe('ok\n')
    expect((await ask(`${session.url}readyz`)).body).toBe('ready\n')
    const { body } = await ask(`${session.url}metrics`)
    const document = readFileSync(new URL('../../src/monitor/README.md', import.meta.url), 'utf8')
    for (const name of metricNames) {
      expect(body, name).toContain(`# HELP ${name} `)
      expect(document, name).toContain(`\`${name}`)
    }
    expect(body).toContain('closebell_partition_late_events{partition="1"} 1')
    expect(body).toContain('closebell_close_state{state="degraded"} 1')
    const documented = [...document.matchAll(/`(closebell_[a-z_]+)/g)].map(([, name]) => name)
    expect(documented.filter((name) => !metricNames.includes(name))).toEqual([])
  })
})

const beatOf = (date: string): Status =>
  reportOf({ owner: 'features@host:1', date, stage: '', offset: 0, reportedAt: Date.now() })

describe('heartbeats', () => {
  it('count while a worker runs, and are gone once it ended in order', async () => {
    const session = await watchSession(smallMarket(seed, 3))
    const beat = (stage: string): Promise<unknown> =>
      publish(session.bus, 'status', session.date, codecs.status.encode({ ...beatOf(session.date), stage }))
    const ages = async (): Promise<number> =>
      (await ask(`${session.url}metrics`)).body.split('closebell_worker_heartbeat_age_seconds{').length - 1
    await beat('trading')
    await expect.poll(ages, { timeout: 20_000 }).toBe(1)
    await beat('stopped')
    await expect.poll(ages, { timeout: 20_000 }).toBe(0)
    await session.stop()
  })
})

describe('a monitor that was opened to a network', () => {
  let session: MonitoredSession

  beforeAll(async () => {
    session = await watchSession(smallMarket(seed, 3), { host: '0.0.0.0', token })
  })

  afterAll(() => session.stop())

  const local = (path: string): string => `${session.url.replace('0.0.0.0', '127.0.0.1')}${path}`

  it('asks for the token, which a page swaps for a cookie that scripts cannot read', async () => {
    expect((await ask(local('api/hello'))).status).toBe(401)
    expect((await ask(local('metrics'))).status).toBe(401)
    expect((await ask(local('api/hello'), { authorization: 'Bearer another-token-of-it' })).status).toBe(401)
    expect((await ask(local('api/hello'), { authorization: `Bearer ${token}` })).status).toBe(200)
    const { status, headers } = await ask(local('api/session'), { authorization: `Bearer ${token}` }, 'POST')
    expect(status).toBe(204)
    const [cookie] = headers['set-cookie'] as string[]
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/)
    expect(cookie).not.toContain(token)
    expect((await ask(local('api/hello'), { cookie: cookie.split(';')[0] })).status).toBe(200)
  })

  it('shows its page and whether it is alive to anyone', async () => {
    expect((await ask(local(''))).status).toBe(200)
    expect((await ask(local('healthz'))).status).toBe(200)
  })

  it('does not start without a token', async () => {
    await expect(watchSession(smallMarket(seed, 3), { host: '0.0.0.0', token: null })).rejects.toThrow('CB_USAGE')
  })
})
