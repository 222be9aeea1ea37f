import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TopicName } from '../../../schemas/topics.ts'
import { openKafka } from '../../../src/bus/kafka/index.ts'
import { systemClock } from '../../../src/compose/clock.ts'
import type { Bus } from '../../../src/ports/bus.ts'
import { dateToEventTime } from '../../../src/ports/store.ts'
import { down, up } from '../../../src/services/index.ts'
import { simulateMarket } from '../../../src/simulator/market.ts'
import { openQuestdb } from '../../../src/store/questdb/index.ts'
import { decode, kindOf } from '../../../src/wire/index.ts'
import { publishFeed } from '../../../src/workers/feed.ts'
import { ModelsFolder } from '../../../src/workers/models-folder.ts'
import { readStatusBoard } from '../../../src/workers/status/status-board.ts'
import { machine, say } from '../measure.ts'
import { Processes } from './processes.ts'
import { morningOf, promoteModels, publishMorning, recipe, storeHistory } from './stored-market.ts'

const instruments = 5500
const partitions = 4
/** 14:59 in Shanghai, µs behind 00:00 UTC. */
const lastMinuteUtc = (6 * 60 + 59) * 60_000_000
const log = { debug: () => undefined, info: () => undefined, warn: say, error: say }

/**
 * A day of a full market from its last tick to `completed` and into the store: Kafka, QuestDB and the four services as
 * processes of their own on one machine. The morning is prepared, then the services start, then the day is fed, its
 * last minute once everybody has caught up. Stages end when their last record was appended to its topic.
 */
export async function close(): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-bench-'))
  const services = new Processes(folder)
  try {
    const { kafka, questdb } = await up({ folder })
    if (kafka === null || questdb === null) throw new Error('Kafka or QuestDB did not start')
    const bus = openKafka({
      ...{ brokers: [`${kafka.host}:${kafka.port}`], prefix: 'bench', clientId: 'bench', clock: systemClock, log },
    })
    await bus.createTopics(partitions)
    const market = simulateMarket({ instruments, days: 1, earlierDays: 30, eventsPerDay: 100, bookSeconds: 900 })
    const date = market.dates[0]
    const morning = morningOf(
      market.instruments.map(({ symbol }) => symbol),
      date,
    )
    say('storing the history')
    const store = await openQuestdb({
      ...{ host: questdb.host, httpPort: questdb.port, encoder: 'binary', clock: systemClock, log },
    })
    await store.ensureTables()
    await storeHistory(store, morning)
    say('publishing the morning')
    await publishMorning(bus, morning)
    const models = join(folder, 'models')
    await promoteModels(new ModelsFolder(models))
    const addresses = {
      bus: ['--bus', `kafka://${kafka.host}:${kafka.port}/bench`],
      store: ['--store', `questdb://${questdb.host}:${questdb.port}?encoder=binary`],
      models: ['--models', models],
    }
    const start = (name: string, ...flags: readonly string[]): void => services.start(name, ...addresses.bus, ...flags)
    const until = async (isSo: () => Promise<boolean>): Promise<void> => {
      for (; !(await isSo()); services.check()) await systemClock.sleep(pollMs)
    }
    start('features')
    start('sink', ...addresses.store)
    start('model', ...addresses.models)
    start('close', ...addresses.store, ...addresses.models)
    await until(async () => stagesAre(bus, { sink: 'following', model: 'waiting' }))
    say('feeding the day')
    const gated = inParts(
      bus,
      dateToEventTime(date) + lastMinuteUtc,
      () => until(() => stagesAre(bus, { close: 'partitions' })),
      async () => {
        await until(() => stagesAre(bus, { sink: 'following', features: 'streaming', model: 'waiting' }))
        say('feeding the last minute')
      },
    )
    await publishFeed({
      ...{ feed: market, bus: gated, partitions, clock: systemClock, log, signal: new AbortController().signal },
    })
    await until(async () => (await bus.offsets('completed', 0)).next > 0)
    await until(async () => (await store.dates('completed', date, date)).length > 0)
    const storedAt = systemClock.now()
    await store.close()
    const stages = await stagesOf(bus, date, storedAt)
    await bus.close()
    return { machine: machine(), instruments, partitions, recipe, stages, memoryMb: services.memoryMb() }
  } finally {
    await services.stop()
    await down({ folder })
    rmSync(folder, { recursive: true, force: true })
  }
}

const pollMs = 100
/** Heartbeats are two seconds apart; what they said before a change is not to be believed. */
const settleMs = 5000

/** Whether each worker reports its stage, and with no message waiting. */
async function stagesAre(bus: Bus, wanted: Readonly<Record<string, string>>): Promise<boolean> {
  const board = await readStatusBoard(bus)
  return Object.entries(wanted).every(([worker, stage]) => {
    const reports = board.reports(worker)
    return reports.length > 0 && reports.every((status) => status.stage === stage && status.lag === 0)
  })
}

/** The bus of a feed whose opening of the day, and what is of its last minute, waits for the workers. */
function inParts(bus: Bus, lastMinute: number, first: () => Promise<void>, last: () => Promise<void>): Bus {
  const waits = new Map<'first' | 'last', Promise<void>>()
  const publish: Bus['publish'] = async (topic, messages) => {
    const opening = messages.filter(({ value }) => kindOf(value) === 'dayOpened')
    const events = messages.filter((message) => !opening.includes(message))
    if (opening.length > 0) await bus.publish(topic, opening)
    if (events.length === 0) return 0
    if (!waits.has('first')) waits.set('first', first())
    await waits.get('first')
    if (events.some(({ value }) => timeOf(value) > lastMinute)) {
      if (!waits.has('last')) waits.set('last', systemClock.sleep(settleMs).then(last))
      await waits.get('last')
    }
    return bus.publish(topic, events)
  }
  return new Proxy(bus, {
    get: (target, name: keyof Bus) => (name === 'publish' ? publish : target[name].bind(target)),
  })
}

/** Up to when a record of the market log says anything, µs UTC. */
function timeOf(value: Uint8Array): number {
  const record = decode(value)
  if (record.kind === 'chainEnded') return Infinity
  return record.kind === 'tickBatch' || record.kind === 'bookBatch' ? record.value.markTime : 0
}

/** Seconds after the last tick at which each stage was done. */
async function stagesOf(bus: Bus, date: string, storedAt: number): Promise<object> {
  const lastOf = async (topic: TopicName, key = ''): Promise<number> => {
    let last = NaN
    for (let partition = 0; partition < (await bus.partitions(topic)); partition++) {
      const from = await bus.offsetOfDate(topic, partition, date)
      if (from >= (await bus.offsets(topic, partition)).next) continue
      for await (const messages of bus.read(topic, partition, { from, until: 'end' })) {
        for (const message of messages) {
          if (message.date === date && message.key.includes(key)) last = Math.max(message.appendedAt, last || 0)
        }
      }
    }
    return last
  }
  const lastTick = await lastOf('market')
  const after = async (topic: TopicName, key?: string): Promise<number> =>
    ((await lastOf(topic, key)) - lastTick) / 1000
  return {
    minutes: await after('minutes'),
    days: await after('days'),
    styles: await after('inputs'),
    streamPanels: await after('panels', '|HF'),
    panels: await after('panels'),
    jobs: await after('jobs'),
    results: await after('results'),
    factors: await after('factor-dp'),
    mlC: await after('ml-c'),
    completed: await after('completed'),
    stored: (storedAt - lastTick) / 1000,
  }
}
