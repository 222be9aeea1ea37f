import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import { Guard } from '../../src/http/guard.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { codecs } from '../../src/wire/index.ts'
import { realClock } from '../real-clock.ts'
import { closeDay, publish, publishFactors } from '../subscribe/closed-days.ts'
import { HandClock } from '../subscribe/reader.ts'
import { ask, EventReader, serve, type Serving } from './serving.ts'

const [first, second, third, fourth] = ['2024-03-12', '2024-03-13', '2024-03-14', '2024-03-15'] as const

let folder: string
let bus: Bus
const running: Serving[] = []

const start = async (...more: [Parameters<typeof serve>[1]?]): Promise<number> => {
  const serving = await serve(bus, ...more)
  running.push(serving)
  return serving.port
}

const json = async (port: number, path: string) => JSON.parse((await ask(port, path)).text) as Record<string, unknown>

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'closebell-serve-'))
  bus = openTape(folder, { clock: realClock })
  await bus.createTopics(1)
})

afterEach(async () => {
  for (const { stop } of running.splice(0)) await stop()
  await bus.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('a day over HTTP', () => {
  it('has its sets, exclusions and hashes; a factor its columns, NaN as null', async () => {
    await closeDay(bus, first)
    const port = await start()
    const day = await json(port, '/v1/days/latest')
    expect(day).toMatchObject({ date: first, revision: 0, degraded: false, universe: 4, published: 3 })
    expect(day['sets']).toHaveLength(6)
    expect(day['exclusions']).toEqual([{ instrument: '688001.SH', reason: 'no earlier close' }])
    expect(await json(port, `/v1/days/${first}/factors/PV`)).toEqual({
      date: first,
      revision: 0,
      degraded: false,
      set: 'PV',
      horizon: 1,
      coverage: 0.75,
      artifact: 'artifact of PV',
      symbols: ['000001.SZ', '600000.SH', '600519.SH'],
      raw: [1, null, 3],
      neutral: [-1, null, 1],
    })
    expect(await json(port, '/v1/days/latest/weights')).toEqual({
      date: first,
      revision: 0,
      degraded: false,
      weights: [
        { set: 'PV', weight: 0.25, sa: 0.5, long_only: 0 },
        { set: 'HF', weight: 0.75, sa: 0.5, long_only: 1 },
      ],
      flags: [],
    })
  })

  it('is CSV where Accept prefers it, an empty field where there is no value', async () => {
    await closeDay(bus, first)
    const port = await start()
    const of = (accept: string) => ask(port, '/v1/days/latest/factors/PV', { headers: { accept } })
    const csv = await of('text/csv')
    expect(csv.headers['content-type']).toBe('text/csv; charset=utf-8; header=present')
    expect(csv.text).toBe('symbol,raw,neutral\r\n000001.SZ,1,-1\r\n600000.SH,,\r\n600519.SH,3,1\r\n')
    for (const accept of ['*/*', 'application/json, text/csv;q=0.9', 'text/csv;q=0, */*;q=0.1']) {
      expect((await of(accept)).headers['content-type'], accept).toBe('application/json')
    }
    expect((await of('text/*, application/json;q=0.5')).headers['content-type']).toMatch(/^text\/csv/)
    expect((await of('text/html')).status).toBe(406)
  })

  it('a fixed revision is immutable, what is newest is asked for again; an ETag changes with the answer', async () => {
    await closeDay(bus, first)
    const port = await start()
    const path = `/v1/days/${first}/factors/PV`
    const fixed = await ask(port, `${path}?revision=0`)
    expect(fixed.headers['cache-control']).toBe('private, max-age=31536000, immutable')
    const newest = await ask(port, path)
    expect(newest.headers['cache-control']).toBe('no-cache')
    const etag = newest.headers.etag as string
    expect(etag).toMatch(/^"0-[0-9a-f]{16}-json"$/)
    const again = await ask(port, path, { headers: { 'if-none-match': `"other", W/${etag}` } })
    expect([again.status, again.text, again.headers.etag]).toEqual([304, '', etag])
    expect((await ask(port, path, { headers: { accept: 'text/csv' } })).headers.etag).not.toBe(etag)
    await closeDay(bus, first, { revision: 1, cause: 'late chain' })
    await expect.poll(async () => (await json(port, path))['revision']).toBe(1)
    expect((await ask(port, path, { headers: { 'if-none-match': etag } })).status).toBe(200)
    expect((await json(port, `${path}?revision=0`))['revision']).toBe(0)
  })

  it('410 for a date that was retracted and what stood before; a later revision is there again', async () => {
    await closeDay(bus, first)
    await closeDay(bus, first, { revision: 1, retracted: true, cause: 'bad prints' })
    const port = await start()
    for (const path of [`/v1/days/${first}`, `/v1/days/${first}/factors/PV?revision=0`, '/v1/days/latest/weights']) {
      const { status, text } = await ask(port, path)
      expect([path, status]).toEqual([path, 410])
      expect(JSON.parse(text)).toMatchObject({ status: 410, code: 'CB_RETRACTED', detail: expect.any(String) })
    }
    await closeDay(bus, first, { revision: 2, cause: 'mended' })
    await expect.poll(async () => (await ask(port, `/v1/days/${first}`)).status).toBe(200)
    expect((await ask(port, `/v1/days/${first}?revision=1`)).status).toBe(410)
  })

  it('404 with expected_at for a day that is still to come, without for one that never was', async () => {
    await closeDay(bus, first)
    const port = await start()
    const problem = await json(port, `/v1/days/${second}`)
    // 15:00 in Shanghai, and five minutes: no day before was completed within a day of its close.
    expect(problem).toMatchObject({ status: 404, code: 'CB_ABSENT', expected_at: `${second}T07:05:00.000Z` })
    for (const date of ['2024-03-11', '2024-03-16']) {
      expect(await json(port, `/v1/days/${date}`), date).not.toHaveProperty('expected_at')
    }
    expect(await json(port, '/v1/days/latest/factors/G')).toMatchObject({ status: 404, reason: 'no-model' })
  })

  it('expects a day as long after its close as the days before came', async () => {
    await bus.close()
    const clock = new HandClock()
    bus = openTape(join(folder, 'timed'), { clock: { ...realClock, now: () => clock.now() } })
    await bus.createTopics(1)
    for (const [date, seconds] of [
      [first, 9],
      [second, 400],
      [third, 12],
    ] as const) {
      clock.pass(Date.parse(`${date}T07:00:00Z`) + 1000 * seconds - clock.now())
      await closeDay(bus, date)
    }
    expect(await json(await start(), `/v1/days/${fourth}`)).toMatchObject({ expected_at: `${fourth}T07:00:12.000Z` })
  })

  it('502 with the code of the reader when the log does not hold what completed names: nothing in part', async () => {
    const completed = codecs.completed.decode(await publishFactors(bus, first))
    const sets = completed.sets.map((set) => (set.set === 'PV' ? { ...set, hash: 'f'.repeat(64) } : set))
    await publish(bus, 'completed', first, codecs.completed.encode({ ...completed, sets }))
    const port = await start()
    for (const path of ['/v1/days/latest', '/v1/days/latest/factors/HF', '/v1/events']) {
      const { status, text } = await ask(port, path)
      expect([path, status, JSON.parse(text)]).toMatchObject([path, 502, { code: 'CB_WIRE_CRC' }])
    }
  })

  it('re-reads days that are not kept: twenty of them, each as it was', async () => {
    const dates = Array.from({ length: 20 }, (_, k) => `2024-01-${String(k + 1).padStart(2, '0')}`)
    for (const date of dates) await closeDay(bus, date)
    const port = await start()
    for (const date of [...dates, ...dates.toReversed()]) {
      expect(await json(port, `/v1/days/${date}/factors/ML_C`)).toMatchObject({ date, raw: [0.5, 1, 1.5] })
    }
  })
})

describe('the guard and the headers', () => {
  it('wants the token beyond loopback, and answers nobody under another name', async () => {
    await closeDay(bus, first)
    const token = 'a-token-of-the-desk-42'
    const port = await start({ guard: new Guard('0.0.0.0', token) })
    const { status, headers, text } = await ask(port, '/v1/days/latest')
    expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer realm="closebell"'])
    expect(text).not.toContain(token)
    const authorization = `Bearer ${token}`
    expect((await ask(port, '/v1/days/latest', { headers: { authorization } })).status).toBe(200)
    const local = await start()
    expect((await ask(local, '/v1/days/latest', { headers: { host: 'evil.example' } })).status).toBe(403)
  })

  it('has security headers on every answer, and HEAD has no body', async () => {
    await closeDay(bus, first)
    const port = await start()
    for (const path of ['/v1/days/latest', '/nothing', '/openapi.json']) {
      expect((await ask(port, path)).headers, path).toMatchObject({
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
      })
    }
    const head = await ask(port, '/v1/days/latest', { method: 'HEAD' })
    expect([head.status, head.text]).toEqual([200, ''])
    expect(Number(head.headers['content-length'])).toBeGreaterThan(100)
  })
})

describe('events', () => {
  it('begin with the newest day and go on; resumed behind an id they miss nothing and repeat nothing', async () => {
    await closeDay(bus, first)
    await closeDay(bus, second)
    const port = await start()
    const reader = await EventReader.open(port)
    expect(reader.response.headers).toMatchObject({ 'x-accel-buffering': 'no', 'cache-control': 'no-cache' })
    const seen = await reader.next()
    expect(seen).toMatchObject({ type: 'day', data: { date: second, revision: 0 } })
    expect(seen?.id).toMatch(/^[0-9a-f]{12}-1$/)
    await closeDay(bus, third)
    expect(await reader.next()).toMatchObject({ type: 'day', data: { date: third } })
    reader.close()
    await publish(bus, 'completed', third, await publishFactors(bus, third))
    await closeDay(bus, third, { revision: 1, retracted: true, cause: 'bad prints' })
    await closeDay(bus, fourth)
    const resumed = await EventReader.open(port, seen?.id)
    expect(await resumed.next()).toMatchObject({ type: 'day', data: { date: third, revision: 0 } })
    expect(await resumed.next()).toMatchObject({ type: 'retracted', data: { date: third, cause: 'bad prints' } })
    const last = await resumed.next()
    expect(last).toMatchObject({ type: 'day', data: { date: fourth } })
    resumed.close()
    const restarted = await EventReader.open(await start(), last?.id)
    await closeDay(bus, '2024-03-18')
    expect(await restarted.next(), 'an id outlives the server').toMatchObject({ data: { date: '2024-03-18' } })
    restarted.close()
  })

  it.each(['nonsense', '0123456789ab-0', 'of another offset'])('reset for the unknown id %s', async (unknown) => {
    await closeDay(bus, first)
    const port = await start()
    const reader = await EventReader.open(port)
    const id = (await reader.next())?.id as string
    reader.close()
    const lost = await EventReader.open(port, unknown.startsWith('of') ? id.replace(/\d+$/, '7') : unknown)
    expect(await lost.next()).toMatchObject({ type: 'reset', id: '', data: { last_date: first } })
    expect(await lost.next(), 'then as without an id').toMatchObject({ type: 'day', data: { date: first } })
    lost.close()
  })

  it('wait for the first day of a deployment', async () => {
    const reader = await EventReader.open(await start())
    await closeDay(bus, first)
    expect(await reader.next()).toMatchObject({ type: 'day', data: { date: first } })
    reader.close()
  })

  it('have a heartbeat each ten seconds with the stage, and say when no worker reports', async () => {
    await closeDay(bus, first)
    const clock = new HandClock()
    const port = await start({ clock })
    const reader = await EventReader.open(port)
    await reader.next()
    const beat = async () => {
      await realClock.sleep(50)
      clock.pass(10_000)
      return (await reader.any())?.data['stage']
    }
    expect(await beat()).toBe('waiting')
    await publish(bus, 'market', second, Buffer.from('a record'))
    await publish(bus, 'status', second, Buffer.from('a report'))
    expect([await beat(), await beat(), await beat()]).toEqual(['trading', 'trading', 'trading'])
    expect(await beat()).toBe('silent')
    await publish(bus, 'status', second, Buffer.from('a report'))
    expect(await beat()).toBe('trading')
    reader.close()
  })

  it('a client that reads nothing is closed after its time, and costs the others nothing', async () => {
    const exclusions = Array.from({ length: 4000 }, (_, k) => ({
      instrument: `${600_000 + k}.SH`,
      reason: 'suspended',
    }))
    const dates = Array.from({ length: 60 }, (_, k) => new Date(Date.UTC(2023, 0, 2 + k)).toISOString().slice(0, 10))
    for (const date of dates) await closeDay(bus, date, { exclusions })
    const clock = new HandClock()
    const port = await start({ clock })
    const begin = await EventReader.open(port)
    const id = (await begin.next())?.id.replace(/\d+$/, '0')
    begin.close()
    const lazy = await EventReader.open(port, id)
    lazy.response.pause()
    const eager = await EventReader.open(port, id)
    for (const date of dates.slice(1)) expect((await eager.next())?.data['date']).toBe(date)
    eager.close()
    const ended = new Promise((resolve) => lazy.response.once('close', () => resolve('closed')))
    await realClock.sleep(100)
    clock.pass(30_000)
    lazy.response.once('error', () => undefined)
    await realClock.sleep(50)
    let received = 0
    lazy.response.on('data', (bytes: Buffer) => (received += bytes.length)).resume()
    expect(await ended).toBe('closed')
    const whole = dates.length * exclusions.length * 40
    expect(received, 'what stood in the sockets, not all that there was').toBeLessThan(whole)
  })

  it('end when the server stops, which says what it did', async () => {
    await closeDay(bus, first)
    const serving = await serve(bus)
    const reader = await EventReader.open(serving.port)
    await reader.next()
    await ask(serving.port, '/v1/days/latest')
    await ask(serving.port, '/v1/days/2020-01-01')
    const stopped = serving.stop()
    expect(await reader.next()).toBeNull()
    expect(await stopped).toEqual({ requests: 3, refused: 1, streams: 1, lastDate: first })
  })
})
