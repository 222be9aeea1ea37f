import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ClosebellError } from '../../schemas/errors.ts'

export interface KafkaPorts {
  readonly broker: number
  readonly controller: number
}

/** One node that is broker and controller at once; small buffers, since it shares a developer's machine. */
const properties = (data: string, { broker, controller }: KafkaPorts): string => `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${broker}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=${data.replaceAll('\\', '/')}
num.partitions=1
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
message.max.bytes=10485760
replica.fetch.max.bytes=10485760
num.network.threads=2
num.io.threads=4
log.cleaner.threads=1
log.cleaner.dedupe.buffer.size=4194304
# A killed broker may register again only once its old session has run out; a busy one is fenced, with nobody to take
# over, when it was not heard of for as long.
broker.session.timeout.ms=6000
broker.heartbeat.interval.ms=200
`

/** Writes the configuration, formats the data folder if it is new, and answers the command that starts the broker. */
export async function prepareKafka(folder: string, jars: string, ports: KafkaPorts): Promise<readonly string[]> {
  mkdirSync(folder, { recursive: true })
  const data = join(folder, 'data')
  const config = join(folder, 'server.properties')
  writeFileSync(config, properties(data, ports))
  const classPath = join(jars, '*')
  if (!existsSync(join(data, 'meta.properties'))) await format(data, config, classPath)
  const memory = ['-Xms512m', '-Xmx512m', '-XX:+UseSerialGC', '-Djava.awt.headless=true']
  const logging = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=info', '-Dorg.slf4j.simpleLogger.showDateTime=true']
  return ['java', ...memory, ...logging, '-cp', classPath, 'kafka.Kafka', config]
}

async function format(data: string, config: string, classPath: string): Promise<void> {
  rmSync(data, { recursive: true, force: true })
  const jvm = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
  const logging = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
  const args = [...jvm, logging, '-cp', classPath, 'kafka.tools.StorageTool', 'format', '-t', clusterId(), '-c', config]
  await new Promise<void>((resolve, reject) => {
    execFile('java', args, (error, stdout, stderr) => {
      if (error === null) return resolve()
      const line = (stderr + stdout).trim().split('\n').at(-1) ?? ''
      reject(new ClosebellError('CB_SERVICE', `the data folder of kafka could not be formatted: ${line}`))
    })
  })
}

/** 16 random bytes in base64url; a leading dash would be taken for an option. */
function clusterId(): string {
  const id = randomBytes(16).toString('base64url')
  return id.startsWith('-') ? clusterId() : id
}

export const isKafkaReady = (log: string): boolean => log.includes('Kafka Server started')
