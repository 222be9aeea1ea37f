import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ClosebellError } from '../../schemas/errors.ts'
import { defaultCache, jarFolder, requireJava, type ServiceName } from './artifacts.ts'
import {
  answers,
  freePorts,
  becomesFree,
  isRunning,
  launch,
  readPorts,
  readRecord,
  stop,
  untilReady,
} from './java-process.ts'
import { isKafkaReady, prepareKafka, type KafkaPorts } from './kafka.ts'
import { isQuestdbReady, prepareQuestdb, type QuestdbPorts } from './questdb.ts'
import { withFolderLock } from './folder-lock.ts'

const host = '127.0.0.1'
const startLimitMs = 60_000

export interface RunningKafka {
  readonly host: string
  readonly port: number
  readonly pid: number
  readonly log: string
}

export interface RunningQuestdb extends RunningKafka {
  readonly pgPort: number
}

export interface UpOptions {
  /** Data, logs and pid files. */
  readonly folder: string
  /** Downloaded jars. */
  readonly cache?: string
  readonly kafka?: boolean
  readonly questdb?: boolean
  readonly kafkaPort?: number
  readonly questdbPort?: number
  /** Lets `ALTER TABLE ... SUSPEND WAL` through, which tests need. */
  readonly questdbDevMode?: boolean
  readonly onProgress?: (line: string) => void
}

export interface Running {
  readonly kafka: RunningKafka | null
  readonly questdb: RunningQuestdb | null
}

/** `stale`: the pid file names a process that has ended. `silent`: it runs, but does not answer. */
export type ServiceState = 'running' | 'silent' | 'stale' | 'stopped'

export interface ServiceStatus {
  readonly state: ServiceState
  readonly service: RunningKafka | RunningQuestdb | null
}

/** Where services live unless another folder is named. */
export const defaultFolder = (): string => join(process.cwd(), '.closebell', 'services')

/**
 * Starts a real Kafka and a real QuestDB as Java processes that outlive this one; what runs already is left alone.
 * @throws CB_REQUIREMENT without Java or Maven, CB_SERVICE (naming the log) when a start fails
 */
export async function up(options: UpOptions): Promise<Running> {
  mkdirSync(options.folder, { recursive: true })
  return withFolderLock(options.folder, async () => {
    await requireJava()
    const [kafka, questdb] = await Promise.allSettled([
      options.kafka === false ? null : startKafka(options),
      options.questdb === false ? null : startQuestdb(options),
    ])
    if (kafka.status === 'rejected') throw kafka.reason
    if (questdb.status === 'rejected') throw questdb.reason
    return { kafka: kafka.value, questdb: questdb.value }
  })
}

/** Stops what runs. @returns the names of the services that were stopped */
export async function down({ folder }: { readonly folder: string }): Promise<readonly ServiceName[]> {
  mkdirSync(folder, { recursive: true })
  return withFolderLock(folder, async () => {
    const names = await Promise.all(
      (['kafka', 'questdb'] as const).map(async (name) => {
        const record = readRecord(join(folder, name))
        if (record === null) return null
        const ran = isRunning(record)
        await stop(join(folder, name), record)
        return ran ? name : null
      }),
    )
    return names.filter((name) => name !== null)
  })
}

/** What runs in a folder of services. */
export async function status({
  folder,
}: {
  readonly folder: string
}): Promise<Readonly<Record<ServiceName, ServiceStatus>>> {
  const kafka = readRecord<KafkaPorts>(join(folder, 'kafka'))
  const questdb = readRecord<QuestdbPorts>(join(folder, 'questdb'))
  const stateOf = async (record: Parameters<typeof isRunning>[0] | null, ask: () => Promise<boolean>) => {
    if (record === null) return 'stopped'
    if (!isRunning(record)) return 'stale'
    return (await ask()) ? 'running' : 'silent'
  }
  return {
    kafka: {
      state: await stateOf(kafka, async () => kafka !== null && answers(kafka.ports.broker)),
      service: kafka && { host, port: kafka.ports.broker, pid: kafka.pid, log: kafka.log },
    },
    questdb: {
      state: await stateOf(questdb, async () => questdb !== null && isQuestdbReady(questdb.ports.http)),
      service: questdb && runningQuestdb(questdb),
    },
  }
}

interface Recipe<Ports extends object> {
  readonly name: ServiceName
  /** Ports of the last start where they are still free, so that clients find the service again. */
  readonly ports: (last: Ports | null) => Promise<Ports>
  readonly prepare: (folder: string, jars: string, ports: Ports) => Promise<readonly string[]> | readonly string[]
  readonly isReady: (log: string, ports: Ports) => Promise<boolean>
  /** Whether the log and whoever works on it come first where processors are short. */
  readonly givesWay: boolean
}

async function start<Ports extends object>(options: UpOptions, recipe: Recipe<Ports>) {
  const folder = join(options.folder, recipe.name)
  const onProgress = options.onProgress ?? (() => undefined)
  const last = readRecord<Ports>(folder)
  if (last !== null && isRunning(last)) {
    onProgress(`${recipe.name}: already running`)
    await untilReady(recipe.name, last, (log) => recipe.isReady(log, last.ports), startLimitMs)
    return last
  }
  const jars = await jarFolder(recipe.name, options.cache ?? defaultCache(), onProgress)
  let ports = await recipe.ports(readPorts(folder))
  for (let attempt = 1; ; attempt++) {
    onProgress(`${recipe.name}: starting`)
    const record = launch(folder, await recipe.prepare(folder, jars, ports), ports, recipe.givesWay)
    const asked = ports
    const outcome = await untilReady(recipe.name, record, (log) => recipe.isReady(log, asked), startLimitMs)
    if (outcome === 'ready') {
      onProgress(`${recipe.name}: ready`)
      return record
    }
    await stop(folder, record)
    if (attempt === 2) throw new ClosebellError('CB_SERVICE', `${recipe.name} found its ports taken twice`)
    ports = await recipe.ports(null)
  }
}

/** A port that was asked for is no matter of retrying: another one would not be it. */
async function requireFree(name: ServiceName, port: number | undefined): Promise<void> {
  if (port !== undefined && !(await becomesFree(port))) {
    throw new ClosebellError('CB_SERVICE', `port ${port} is taken, ${name} cannot start on it`, {
      remedy: 'Name another port, or none.',
    })
  }
}

async function startKafka(options: UpOptions): Promise<RunningKafka> {
  const record = await start<KafkaPorts>(options, {
    name: 'kafka',
    ports: async (last) => {
      if (last !== null && (await becomesFree(last.broker)) && (await becomesFree(last.controller))) {
        if (options.kafkaPort === undefined || options.kafkaPort === last.broker) return last
      }
      await requireFree('kafka', options.kafkaPort)
      const [broker = 0, controller = 0] = await freePorts(2)
      return { broker: options.kafkaPort ?? broker, controller }
    },
    prepare: prepareKafka,
    isReady: async (log) => isKafkaReady(log),
    givesWay: false,
  })
  return { host, port: record.ports.broker, pid: record.pid, log: record.log }
}

async function startQuestdb(options: UpOptions): Promise<RunningQuestdb> {
  const record = await start<QuestdbPorts>(options, {
    name: 'questdb',
    ports: async (last) => {
      const free =
        last !== null && (await Promise.all(Object.values<number>({ ...last }).map(becomesFree))).every(Boolean)
      if (free && (options.questdbPort === undefined || options.questdbPort === last.http)) return last
      await requireFree('questdb', options.questdbPort)
      const [http = 0, min = 0, pg = 0, ilp = 0] = await freePorts(4)
      return { http: options.questdbPort ?? http, min, pg, ilp }
    },
    prepare: (folder, jars, ports) => prepareQuestdb(folder, jars, ports, options.questdbDevMode ?? false),
    isReady: (_log, ports) => isQuestdbReady(ports.http),
    // No day waits for the store.
    givesWay: true,
  })
  return runningQuestdb(record)
}

const runningQuestdb = (record: { ports: QuestdbPorts; pid: number; log: string }): RunningQuestdb => ({
  host,
  port: record.ports.http,
  pgPort: record.ports.pg,
  pid: record.pid,
  log: record.log,
})
