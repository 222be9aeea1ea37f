import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defaultCache, jarFolder } from '../../../src/services/artifacts.ts'
import {
  becomesFree,
  freePorts,
  isRunning,
  launch,
  stop,
  untilReady,
  type ServiceRecord,
} from '../../../src/services/java-process.ts'
import { isKafkaReady, prepareKafka } from '../../../src/services/kafka.ts'
import { isQuestdbReady, prepareQuestdb } from '../../../src/services/questdb.ts'

const startLimitMs = 90_000

/** One real service, which comes back on its own ports and data however it ended. */
export class Service {
  readonly name: string
  /** Where the service itself listens; workers know the door before it. */
  readonly port: number
  readonly #folder: string
  readonly #command: () => Promise<readonly string[]>
  readonly #isReady: (log: string) => Promise<boolean>
  #record: ServiceRecord | null = null

  constructor(
    name: string,
    folder: string,
    port: number,
    command: () => Promise<readonly string[]>,
    isReady: (log: string) => Promise<boolean>,
  ) {
    this.name = name
    this.port = port
    this.#folder = folder
    this.#command = command
    this.#isReady = isReady
  }

  get pid(): number {
    return this.#record?.pid ?? -1
  }

  async start(): Promise<void> {
    if (this.#record !== null && isRunning(this.#record)) return
    await becomesFree(this.port)
    this.#record = launch(this.#folder, await this.#command(), {})
    const outcome = await untilReady(this.name, this.#record, this.#isReady, startLimitMs)
    if (outcome !== 'ready') throw new Error(`${this.name} found its ports taken`)
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#record !== null && isRunning(this.#record)) process.kill(this.#record.pid, signal)
  }

  async stop(): Promise<void> {
    this.signal('SIGCONT')
    if (this.#record !== null) await stop(this.#folder, this.#record)
  }

  /** Waits for the end of a process that was killed, and starts it again. */
  async restart(): Promise<void> {
    if (this.#record !== null) await stop(this.#folder, this.#record)
    await this.start()
  }
}

/** Quick to start rather than quick to run. */
const briefly = (command: readonly string[]): string[] => [
  command[0] ?? 'java',
  '-XX:TieredStopAtLevel=1',
  ...command.slice(1),
]

/** A broker that tells its clients to come to `door`, where a proxy listens. */
export async function kafkaBehind(folder: string, door: number): Promise<Service> {
  const jars = await jarFolder('kafka', defaultCache(), () => undefined)
  const [broker = 0, controller = 0] = await freePorts(2)
  const command = async (): Promise<readonly string[]> => {
    const prepared = await prepareKafka(folder, jars, { broker, controller })
    const config = join(folder, 'server.properties')
    const advertised = `advertised.listeners=PLAINTEXT://127.0.0.1:`
    writeFileSync(config, readFileSync(config, 'utf8').replace(`${advertised}${broker}`, `${advertised}${door}`))
    return briefly(prepared)
  }
  return new Service('kafka', folder, broker, command, async (log) => isKafkaReady(log))
}

export async function questdb(folder: string): Promise<Service> {
  const jars = await jarFolder('questdb', defaultCache(), () => undefined)
  const [http = 0, min = 0, pg = 0, ilp = 0] = await freePorts(4)
  const command = async (): Promise<readonly string[]> =>
    briefly(prepareQuestdb(folder, jars, { http, min, pg, ilp }, false))
  return new Service('questdb', folder, http, command, () => isQuestdbReady(http))
}
