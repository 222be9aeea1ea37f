import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClosebellError } from '../../schemas/errors.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import { systemClock } from '../../src/compose/clock.ts'
import { Guard } from '../../src/http/guard.ts'
import { startMonitor } from '../../src/monitor/server/monitor.ts'
import type { Log } from '../../src/ports/log.ts'
import { serveDays } from '../../src/serve/server.ts'
import { mutated } from './mutate.ts'
import type { Target } from './runner.ts'

const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

const requestOf = (path: string, more = '', method = 'GET'): Buffer =>
  Buffer.from(`${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${more}\r\n`)

const serveRequests = [
  requestOf('/v1/days'),
  requestOf('/v1/days/latest'),
  requestOf('/v1/days/2023-02-01/factors/ML_C?revision=0', 'Accept: text/csv\r\nIf-None-Match: "a"\r\n'),
  requestOf('/v1/events', 'Last-Event-ID: 2023-02-01|0\r\n'),
  requestOf('/openapi.json', 'Origin: http://localhost\r\nCookie: closebell=a; b\r\n'),
  requestOf('/v1/days', 'Authorization: Bearer abc\r\nContent-Length: 3\r\n', 'POST'),
]

const monitorRequests = [
  requestOf('/'),
  requestOf('/api/hello'),
  requestOf('/api/stream?columns=pv_close,hf_ofi'),
  requestOf('/api/minute?minute=34&columns=pv_close'),
  requestOf('/api/instrument?symbol=600000.SH'),
  requestOf('/api/history?symbol=__proto__'),
  requestOf('/metrics', 'Origin: http://localhost\r\n'),
  requestOf('/api/session', 'Authorization: Bearer abc\r\n', 'POST'),
]

/** Servers and client are one process, which a busy machine lets stand. */
const patienceMs = 60_000

/**
 * Sends bytes as they are, and answers the status of what comes back: 0 when the connection is closed without one.
 * @throws Error when the server says nothing, or that it failed
 */
function answerTo(port: number, bytes: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes))
    let text = ''
    const end = (): void => {
      socket.destroy()
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0)
      if (status === 500 || status === 502) reject(new Error(text.slice(0, 400)))
      else resolve(status)
    }
    socket.setTimeout(patienceMs, () => reject(new Error('the server says nothing')))
    socket.on('data', (part) => {
      text += part.toString('latin1')
      // A stream of events has no end.
      if (text.includes('\r\n\r\n')) end()
    })
    socket.on('close', end)
    socket.on('error', end)
  })
}

/** Requests to both servers, on a log without a day. */
export async function httpTargets(): Promise<Target[]> {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-fuzz-http-'))
  const bus = openTape(join(folder, 'tape'), { clock: systemClock })
  await bus.createTopics(1)
  const stopping = new AbortController()
  const { signal } = stopping
  const shared = { bus, clock: systemClock, log: silentLog, profile: 'cn', host: '127.0.0.1', port: 0, signal }
  let served: Promise<unknown> = Promise.resolve()
  const servePort = await new Promise<number>((resolve, reject) => {
    const guard = new Guard('127.0.0.1', null)
    served = serveDays({ ...shared, version: '0', guard, onListening: ({ port }) => resolve(port) })
    served.catch(reject)
  })
  const monitor = await startMonitor({
    ...shared,
    openStore: () => Promise.reject(new ClosebellError('CB_ABSENT', 'there is no store')),
    deployment: 'fuzz',
    token: null,
    folder,
    assets: [],
  })
  const monitorPort = Number(new URL(monitor.url).port)
  const close = async (): Promise<void> => {
    stopping.abort()
    await Promise.all([served, monitor.done])
    await bus.close()
    rmSync(folder, { recursive: true })
  }
  return [
    {
      name: 'request to serve',
      share: 0.3,
      draw: (random) => mutated(serveRequests, random),
      read: (input) => answerTo(servePort, input),
    },
    {
      name: 'request to the monitor',
      share: 0.3,
      draw: (random) => mutated(monitorRequests, random),
      read: (input) => answerTo(monitorPort, input),
      close,
    },
  ]
}
