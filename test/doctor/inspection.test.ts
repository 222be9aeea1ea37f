import { afterAll, describe, expect, it } from 'vitest'
import { topics } from '../../schemas/topics.ts'
import { inspectKafka, openKafka } from '../../src/bus/kafka/index.ts'
import { checkRetention, checkTopics } from '../../src/cli/doctor/bus-checks.ts'
import { checkTables } from '../../src/cli/doctor/store-checks.ts'
import { openQuestdb } from '../../src/store/questdb/index.ts'
import { inspectQuestdb } from '../../src/store/questdb/inspect.ts'
import { realClock } from '../real-clock.ts'
import { withServices } from '../services/real-services.ts'
import { silentLog } from '../silent-log.ts'

const services = await withServices('kafka', 'questdb')

describe.skipIf(services === null)('what the servers are asked', () => {
  const { kafka, questdb } = services ?? { kafka: { host: '', port: 0 }, questdb: { host: '', port: 0 } }
  const prefix = `doctor${Date.now()}`
  const options = {
    brokers: [`${kafka.host}:${kafka.port}`],
    prefix,
    clientId: prefix,
    clock: realClock,
    log: silentLog,
  }
  const bus = openKafka(options)
  const inspection = inspectKafka(options)
  afterAll(async () => {
    await Promise.all([bus.close(), inspection.close()])
  })

  it('Kafka keeps each topic as long as its definition says', async () => {
    expect((await inspection.retention()).size).toBe(0)
    await bus.createTopics(3)
    const days = new Map([...(await inspection.retention())].map(([name, ms]) => [name, ms / 86_400_000]))
    expect(days).toEqual(new Map(topics.map(({ name, retentionDays }) => [name, retentionDays ?? Infinity])))
    expect(await checkRetention(inspection)).toMatchObject({ status: 'ok' })
    expect(await checkTopics(bus, 3)).toMatchObject({ status: 'ok' })
  }, 60_000)

  it('QuestDB tells its clock, and a table that is suspended', async () => {
    const own = { host: questdb.host, httpPort: questdb.port, prefix }
    const store = await openQuestdb({ ...own, clock: realClock, log: silentLog })
    const asked = inspectQuestdb(own)
    expect(Math.abs((await asked.now()) - Date.now())).toBeLessThan(60_000)
    expect(await checkTables(store, asked, '2024-01-02')).toMatchObject({ status: 'warn' })
    await store.ensureTables()
    expect(await checkTables(store, asked, '2024-01-02')).toMatchObject({ status: 'ok' })
    const statement = new URLSearchParams({ query: `ALTER TABLE ${prefix}_styles SUSPEND WAL` })
    expect((await fetch(`http://${questdb.host}:${questdb.port}/exec?${statement}`)).ok).toBe(true)
    expect((await asked.suspended()).map(({ table }) => table)).toEqual([`${prefix}_styles`])
    expect(await checkTables(store, asked, '2024-01-02')).toMatchObject({ status: 'fail' })
    await store.close()
  }, 60_000)
})
