import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openKafka } from '../../src/bus/kafka/index.ts'
import type { Access } from '../../src/ports/access.ts'
import type { Bus } from '../../src/ports/bus.ts'
import type { Log } from '../../src/ports/log.ts'
import { topics, type TopicName } from '../../schemas/topics.ts'
import { fed, smallMarket } from '../faults/simulated-day.ts'
import { featuresOf } from '../integration/logged-rows.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { entriesOf, recordedCommands } from './recorded-acls.ts'
import { makeCertificate, securedKafka, type Certificate, type SecuredService } from './secured-services.ts'

interface Role {
  readonly user: string
  readonly reads: readonly TopicName[]
  readonly writes: readonly TopicName[]
  readonly group?: readonly [TopicName, string]
  /** A topic that it may not write. */
  readonly denied: TopicName
}

const factors: readonly TopicName[] = ['factor-pv', 'factor-g', 'factor-c', 'factor-hf', 'factor-dp']
const outputs: readonly TopicName[] = ['minutes', 'days', 'panels', 'inputs', ...factors, 'ml-c', 'completed']

const roles: readonly Role[] = [
  { user: 'feed', reads: ['market'], writes: ['market', 'status'], denied: 'days' },
  { user: 'open', reads: ['market'], writes: ['market', 'inputs', 'status'], denied: 'days' },
  {
    user: 'features',
    reads: ['market', 'corrections', 'days'],
    writes: ['minutes', 'days', 'late', 'quarantine', 'status'],
    group: ['market', 'features-2023-02-01'],
    denied: 'market',
  },
  {
    user: 'close',
    reads: ['market', 'corrections', 'days', 'panels', 'inputs', 'jobs', 'results', ...factors, 'completed', 'status'],
    writes: ['market', 'panels', 'inputs', 'jobs', ...factors, 'ml-c', 'completed', 'status'],
    denied: 'results',
  },
  {
    user: 'model',
    reads: ['jobs', 'panels', 'inputs'],
    writes: ['results', 'status'],
    group: ['jobs', 'model'],
    denied: 'ml-c',
  },
  { user: 'sink', reads: outputs, writes: ['status'], group: ['days', 'sink-days'], denied: 'days' },
  {
    user: 'correct',
    reads: ['market', 'corrections', 'days', 'late', 'completed'],
    writes: ['market', 'corrections', 'status'],
    denied: 'completed',
  },
  {
    user: 'reader',
    reads: topics.map(({ name }) => name),
    writes: ['status'],
    group: ['completed', 'desk-1'],
    denied: 'completed',
  },
]

const prefix = 'desk'
const passwordOf = (user: string): string => `password of ${user};=`
const folder = mkdtempSync(join(tmpdir(), 'closebell-secured-'))
let certificate: Certificate
let broker: SecuredService
const lines: string[] = []
const note = (message: string, facts?: object): void => void lines.push(`${message} ${JSON.stringify(facts)}`)
const log: Log = { debug: note, info: note, warn: note, error: note }

const accessOf = (name: string, password: string, tls: Access['tls'] = certificate): Access => ({
  user: { name, password },
  token: null,
  tls,
})

const openAs = (access: Access, host = 'localhost'): Bus =>
  openKafka({ brokers: [`${host}:${broker.port}`], prefix, clientId: 'access-test', access, log, clock: realClock })

const openFor = (user: string): Bus => openAs(accessOf(`closebell-${user}`, passwordOf(`closebell-${user}`)))

async function using<T>(bus: Bus, act: (bus: Bus) => Promise<T>): Promise<T> {
  try {
    return await act(bus)
  } finally {
    await bus.close()
  }
}

const message = (partition = 0) => ({ partition, date: '2023-02-01', key: 'a', value: Buffer.from('a') })

beforeAll(async () => {
  certificate = await makeCertificate(folder)
  const users = ['admin', ...roles.map(({ user }) => `closebell-${user}`)]
  const passwords = Object.fromEntries(users.map((user) => [user, passwordOf(user)]))
  broker = await securedKafka(join(folder, 'kafka'), certificate, passwords)
  const { user, tls } = accessOf('admin', passwordOf('admin'))
  const admin = new kafkajs.Kafka({
    brokers: [`localhost:${broker.port}`],
    sasl: { mechanism: 'scram-sha-512', username: 'admin', password: user?.password ?? '' },
    ssl: { ca: tls?.ca ?? '' },
    logLevel: kafkajs.logLevel.NOTHING,
  }).admin()
  await admin.connect()
  await admin.createAcls({ acl: recordedCommands(folder, prefix, []).flatMap(entriesOf) })
  await admin.disconnect()
  await using(openFor('open'), (bus) => bus.createTopics(1))
})

afterAll(async () => {
  await broker.close()
  rmSync(folder, { recursive: true, force: true })
})

it('a day goes from the feed to its rows over TLS, each worker as its user', async () => {
  const market = smallMarket(seed, 3)
  const [feed, features] = [openFor('feed'), openFor('features')]
  try {
    await fed(market, feed, 1)
    await featuresOf(features).run()
    const { first, next } = await features.offsets('days', 0)
    expect(next - first).toBeGreaterThan(3)
  } finally {
    await Promise.all([feed.close(), features.close()])
  }
})

describe('each service does its work as its own user, and nothing else', () => {
  it.each(roles)('$user', async ({ user, reads, writes, group, denied }) => {
    await using(openFor(user), async (bus) => {
      // Every worker asks for the topics, and makes those that it misses.
      await bus.createTopics(1)
      for (const topic of writes) await bus.publish(topic, [message()])
      for (const topic of reads) {
        const { first } = await bus.offsets(topic, 0)
        for await (const part of bus.read(topic, 0, { from: first, until: 'end' })) void part
        expect(await bus.offsetOfDate(topic, 0, '2099-01-01')).toBe((await bus.offsets(topic, 0)).next)
      }
      if (group !== undefined) {
        const membership = await bus.join(group[0], group[1], {
          assigned: async () => new Map(),
          messages: async () => membership.commit(0, { offset: 1, metadata: '' }),
        })
        await membership.leave()
      }
      await expect(bus.publish(denied, [message()])).rejects.toMatchObject({ code: 'CB_BUS_ACCESS' })
    })
  })

  it('a feed is told so when it joins a group of others', async () => {
    await using(openFor('feed'), async (bus) => {
      const handlers = { assigned: async () => new Map(), messages: async () => undefined }
      await expect(bus.join('market', 'features', handlers)).rejects.toMatchObject({ code: 'CB_BUS_ACCESS' })
    })
  })

  it('a feed does not read what was completed', async () => {
    await using(openFor('feed'), async (bus) => {
      const read = async () => {
        for await (const part of bus.read('completed', 0, { from: 0, until: 'end' })) void part
      }
      await expect(read()).rejects.toMatchObject({ code: 'CB_BUS_ACCESS' })
    })
  })
})

describe('nobody else', () => {
  const refused = (access: Access, code: string, host?: string) =>
    using(openAs(access, host), (bus) => expect(bus.partitions('market')).rejects.toMatchObject({ code }))

  it('with a wrong password, or as a user that there is not, is told so', async () => {
    await refused(accessOf('closebell-feed', 'wrong'), 'CB_BUS_ACCESS')
    await refused(accessOf('nobody', 'wrong'), 'CB_BUS_ACCESS')
  })

  it('is let in without TLS, and a broker whose certificate nobody signed is not trusted', async () => {
    await refused(accessOf('closebell-feed', passwordOf('closebell-feed'), null), 'CB_BUS_UNREACHABLE')
    const unknown = { caFile: null, ca: null }
    await refused(accessOf('closebell-feed', passwordOf('closebell-feed'), unknown), 'CB_BUS_UNREACHABLE')
  })
})

it('the script hands on where the broker is, and uses no flag but those of kafka-acls.sh', () => {
  const commands = recordedCommands(folder, '', ['--bootstrap-server', 'localhost:9093'])
  const flags = ['--bootstrap-server', '--add', '--operation', '--allow-principal', '--topic', '--group']
  for (const command of commands) {
    expect(command.slice(0, 2)).toEqual(['--bootstrap-server', 'localhost:9093'])
    const others = command.filter((word) => word.startsWith('--') && !flags.includes(word))
    expect([[], ['--resource-pattern-type']]).toContainEqual(others)
  }
})

it('no password stands in a line of the log', () => {
  expect(lines.length).toBeGreaterThan(0)
  expect([...lines, broker.log()].filter((line) => line.includes('password of'))).toEqual([])
})
