import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Access } from '../../src/ports/access.ts'
import type { Log } from '../../src/ports/log.ts'
import { dateToEventTime } from '../../src/ports/store.ts'
import { openQuestdb } from '../../src/store/questdb/index.ts'
import { inspectQuestdb } from '../../src/store/questdb/inspect.ts'
import { realClock } from '../real-clock.ts'
import { makeCertificate, securedQuestdb, tlsProxy, type Certificate, type SecuredService } from './secured-services.ts'

const user = { name: 'closebell', password: 'secret;of=the store' }
const token = 'token.of.the.store'
const folder = mkdtempSync(join(tmpdir(), 'closebell-secured-store-'))
let certificate: Certificate
let questdb: SecuredService
let proxy: Awaited<ReturnType<typeof tlsProxy>>
const lines: string[] = []
const note = (message: string, facts?: object): void => void lines.push(`${message} ${JSON.stringify(facts)}`)
const log: Log = { debug: note, info: note, warn: note, error: note }

beforeAll(async () => {
  certificate = await makeCertificate(folder)
  questdb = await securedQuestdb(join(folder, 'questdb'), user.name, user.password)
  const basic = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`
  proxy = await tlsProxy(questdb.port, certificate, { token, basic })
})

afterAll(async () => {
  await proxy.close()
  await questdb.close()
  rmSync(folder, { recursive: true, force: true })
})

const open = (access: Access, httpPort: number) =>
  openQuestdb({ host: 'localhost', httpPort, prefix: 'secured', access, clock: realClock, log })

/** Writes a row and reads it back: statements, lines and Parquet all show who asks. */
async function used(access: Access, port: number): Promise<number> {
  const store = await open(access, port)
  try {
    await store.ensureTables()
    const time = dateToEventTime('2023-02-01')
    const columns = {
      event_time: Float64Array.of(time),
      instrument: ['600000.SH'],
      revision: Float64Array.of(0),
      known_at: Float64Array.of(time),
      name: ['a bank'],
    }
    await store.append('instruments', { count: 1, columns })
    await store.applied(['instruments'])
    const asked = { table: 'instruments', columns: ['name'], from: '2023-02-01', to: '2023-02-01' } as const
    return (await store.panel(asked)).count
  } finally {
    await store.close()
  }
}

describe('a QuestDB that wants to know who asks', () => {
  it('takes a user and its password', async () => {
    expect(await used({ user, token: null, tls: null }, questdb.port)).toBe(1)
  })

  it('takes them, or a token, over TLS', async () => {
    expect(await used({ user, token: null, tls: certificate }, proxy.port)).toBe(1)
    expect(await used({ user: null, token, tls: certificate }, proxy.port)).toBe(1)
  })

  it('refuses whoever is nobody, or has a wrong password, and the reason is told', async () => {
    const nobody = { user: null, token: null, tls: null }
    await expect(used(nobody, questdb.port)).rejects.toMatchObject({ code: 'CB_STORE_ACCESS' })
    const wrong = { ...nobody, user: { ...user, password: 'wrong' } }
    await expect(used(wrong, questdb.port)).rejects.toMatchObject({ code: 'CB_STORE_ACCESS' })
    const inspection = inspectQuestdb({ host: 'localhost', httpPort: questdb.port, access: wrong })
    await expect(inspection.suspended()).rejects.toMatchObject({ code: 'CB_STORE_ACCESS' })
  })

  it('is not spoken to under a certificate that nobody signed', async () => {
    const access = { user, token: null, tls: { caFile: null, ca: null } }
    await expect(used(access, proxy.port)).rejects.toMatchObject({ code: 'CB_STORE_UNREACHABLE' })
  })

  it('leaves no secret in a line of the log', () => {
    expect([...lines, questdb.log()].filter((line) => line.includes(user.password) || line.includes(token))).toEqual([])
  })
})
