import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pinnedVersion, type ServiceName } from '../../src/services/index.ts'
import type * as testcontainersTypes from 'testcontainers'
import { freePorts } from '../../src/services/java-process.ts'
import { withFolderLock } from '../../src/services/folder-lock.ts'

interface Started {
  readonly id: string
  readonly host: string
  readonly port: number
  readonly pgPort: number
}

type Containers = Partial<Record<ServiceName, Started>>

const answerLimitMs = 5000
const listPath = (folder: string): string => join(folder, 'containers.json')
const readList = (folder: string): Containers =>
  existsSync(listPath(folder)) ? (JSON.parse(readFileSync(listPath(folder), 'utf8')) as Containers) : {}

/** testcontainers would remove containers with the worker that started them; here they last as long as the run. */
async function runtime() {
  process.env['TESTCONTAINERS_RYUK_DISABLED'] = 'true'
  const testcontainers = await import('testcontainers')
  const limit = new Promise<null>((resolve) => setTimeout(resolve, answerLimitMs, null).unref())
  const client = await Promise.race([testcontainers.getContainerRuntimeClient().catch(() => null), limit])
  return client === null ? null : { client, testcontainers }
}

/** Starts what is wanted and not started yet; null when no container runtime answers. */
export async function containersUp(folder: string, wanted: readonly ServiceName[]): Promise<Containers | null> {
  const found = await runtime()
  if (found === null) return null
  mkdirSync(folder, { recursive: true })
  return withFolderLock(folder, async () => {
    const list = readList(folder)
    for (const name of wanted) {
      if (list[name] !== undefined) continue
      const { host } = found.client.info.containerRuntime
      list[name] = await (name === 'kafka'
        ? startKafka(found.testcontainers, host)
        : startQuestdb(found.testcontainers))
      writeFileSync(listPath(folder), JSON.stringify(list))
    }
    return list
  })
}

/** Removes the containers that a run started. */
export async function containersDown(folder: string): Promise<void> {
  const list = Object.values(readList(folder))
  const found = list.length === 0 ? null : await runtime()
  if (found === null) return
  for (const { id } of list) await found.client.container.getById(id).remove({ force: true, v: true })
}

type Testcontainers = typeof testcontainersTypes

/** The broker tells its clients its address, so the outer port must be known before it starts. */
async function startKafka({ GenericContainer, Wait }: Testcontainers, host: string): Promise<Started> {
  const [port = 0] = await freePorts(1)
  const container = await new GenericContainer(`apache/kafka:${pinnedVersion('kafka')}`)
    .withExposedPorts({ container: 9092, host: port })
    .withEnvironment({
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://${host}:${port}`,
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
      KAFKA_MESSAGE_MAX_BYTES: '10485760',
    })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .start()
  return { id: container.getId(), host, port, pgPort: 0 }
}

async function startQuestdb({ GenericContainer, Wait }: Testcontainers): Promise<Started> {
  const container = await new GenericContainer(`questdb/questdb:${pinnedVersion('questdb')}`)
    .withExposedPorts(9000, 8812)
    .withEnvironment({ QDB_TELEMETRY_ENABLED: 'false', QDB_DEV_MODE_ENABLED: 'true' })
    .withWaitStrategy(Wait.forHttp('/exec?query=select%20build()', 9000))
    .start()
  return {
    id: container.getId(),
    host: container.getHost(),
    port: container.getMappedPort(9000),
    pgPort: container.getMappedPort(8812),
  }
}
