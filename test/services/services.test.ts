import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { down, status, up } from '../../src/services/index.ts'
import { launch, untilReady } from '../../src/services/java-process.ts'
import { withServices } from './real-services.ts'

const services = await withServices('kafka', 'questdb')
const folder = mkdtempSync(join(tmpdir(), 'closebell-services-'))
const open: Server[] = []

afterEach(() => {
  for (const server of open.splice(0)) server.close()
})
afterAll(async () => {
  await down({ folder })
  rmSync(folder, { recursive: true, force: true })
})

const occupy = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    open.push(server)
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })

describe.skipIf(services === null)('real services', () => {
  it('QuestDB is found by its pid file, left alone when up comes again, and comes back on its ports', async () => {
    const first = await up({ folder, kafka: false })
    expect(first.kafka).toBeNull()
    expect((await status({ folder })).questdb).toEqual({ state: 'running', service: first.questdb })
    expect((await up({ folder, kafka: false })).questdb?.pid).toBe(first.questdb?.pid)

    expect(await down({ folder })).toEqual(['questdb'])
    expect((await status({ folder })).questdb.state).toBe('stopped')
    const second = await up({ folder, kafka: false })
    expect(second.questdb?.port).toBe(first.questdb?.port)
    expect(second.questdb?.pid).not.toBe(first.questdb?.pid)
  })

  it('a killed service is stale, and the next up starts it again', async () => {
    const { questdb } = await up({ folder, kafka: false })
    process.kill(questdb!.pid, 'SIGKILL')
    await expect.poll(async () => (await status({ folder })).questdb.state, { timeout: 5000 }).toBe('stale')
    expect((await up({ folder, kafka: false })).questdb?.pid).not.toBe(questdb?.pid)
    await down({ folder })
  })

  it('a port that was asked for and is taken is named at once', async () => {
    const taken = await occupy(0)
    await expect(up({ folder, kafka: false, questdbPort: taken })).rejects.toMatchObject({
      code: 'CB_SERVICE',
      fact: `port ${taken} is taken, questdb cannot start on it`,
    })
    expect((await status({ folder })).questdb.state).toBe('stopped')
  })
})

describe('a service that does not start', () => {
  it('names its log and its last error', async () => {
    const record = launch(folder, [process.execPath, '-e', 'throw new Error("no disk")'], {})
    const start = untilReady('kafka', record, async () => false, 10_000)
    await expect(start).rejects.toMatchObject({ code: 'CB_SERVICE', fact: expect.stringContaining('no disk') })
    await expect(start).rejects.toMatchObject({ fact: expect.stringContaining(record.log) })
    expect(readFileSync(record.log, 'utf8')).toContain('no disk')
  })

  it('that lost the race for its port is told apart, so that it is tried with another', async () => {
    const script = 'console.error("java.net.BindException: Address already in use"); setInterval(() => {}, 1000)'
    const record = launch(folder, [process.execPath, '-e', script], {})
    expect(await untilReady('kafka', record, async () => false, 10_000)).toBe('port-taken')
    process.kill(record.pid)
  })

  it('says in one line that Java is missing', async () => {
    const path = process.env['PATH']
    process.env['PATH'] = folder
    try {
      await expect(up({ folder })).rejects.toMatchObject({ code: 'CB_REQUIREMENT' })
    } finally {
      process.env['PATH'] = path
    }
  })
})
