import { execFile } from 'node:child_process'
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { defaultCache } from '../../src/services/index.ts'
import { jarFolder } from '../../src/services/artifacts.ts'
import { freePorts, launch, stop, untilReady, type ServiceRecord } from '../../src/services/java-process.ts'
import { isKafkaReady, prepareKafka } from '../../src/services/kafka.ts'
import { prepareQuestdb } from '../../src/services/questdb.ts'

const run = promisify(execFile)
const startLimitMs = 60_000

/** A certificate of localhost with its key, as Java and Node read it, and as clients trust it. */
export interface Certificate {
  readonly keyStore: string
  readonly password: string
  readonly caFile: string
  readonly ca: string
}

export async function makeCertificate(folder: string): Promise<Certificate> {
  mkdirSync(folder, { recursive: true })
  const keyStore = join(folder, 'localhost.p12')
  const caFile = join(folder, 'ca.pem')
  const password = 'key store of a test'
  const store = ['-keystore', keyStore, '-storepass', password, '-alias', 'localhost']
  const names = ['-dname', 'CN=localhost', '-ext', 'san=dns:localhost,ip:127.0.0.1', '-ext', 'bc=ca:true']
  await run('keytool', ['-genkeypair', '-keyalg', 'EC', '-storetype', 'PKCS12', '-validity', '2', ...store, ...names])
  await run('keytool', ['-exportcert', '-rfc', '-file', caFile, ...store])
  return { keyStore, password, caFile, ca: readFileSync(caFile, 'utf8') }
}

export interface SecuredService {
  readonly port: number
  /** What the server wrote. */
  readonly log: () => string
  close(): Promise<void>
}

const secured = (folder: string, port: number, record: ServiceRecord): SecuredService => ({
  port,
  log: () => readFileSync(record.log, 'utf8'),
  close: () => stop(folder, record),
})

/** A broker that wants TLS and SCRAM of everybody, and lets nobody but `admin` do what no ACL allows. */
export async function securedKafka(
  folder: string,
  certificate: Certificate,
  passwords: Readonly<Record<string, string>>,
): Promise<SecuredService> {
  const [broker = 0, controller = 0] = await freePorts(2)
  const data = join(folder, 'data')
  mkdirSync(data, { recursive: true })
  // Passed over here, since it is formatted below, with the users.
  writeFileSync(join(data, 'meta.properties'), '')
  const jars = await jarFolder('kafka', defaultCache(), () => {})
  const command = await prepareKafka(folder, jars, { broker, controller })
  rmSync(data, { recursive: true })
  const config = join(folder, 'server.properties')
  const open = readFileSync(config, 'utf8')
    .replaceAll(`PLAINTEXT://127.0.0.1:${broker}`, `SASL_SSL://localhost:${broker}`)
    .replace('inter.broker.listener.name=PLAINTEXT', 'inter.broker.listener.name=SASL_SSL')
    .replace('PLAINTEXT:PLAINTEXT', 'SASL_SSL:SASL_SSL')
  const login = 'org.apache.kafka.common.security.scram.ScramLoginModule required'
  writeFileSync(
    config,
    `${open}sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=${login} username="admin" password="${passwords['admin']}";
ssl.keystore.location=${certificate.keyStore}
ssl.keystore.password=${certificate.password}
ssl.key.password=${certificate.password}
ssl.keystore.type=PKCS12
ssl.truststore.location=${certificate.caFile}
ssl.truststore.type=PEM
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin;User:ANONYMOUS
`,
  )
  const users = Object.entries(passwords).flatMap(([name, password]) => [
    '--add-scram',
    `SCRAM-SHA-512=[name=${name},password=${password}]`,
  ])
  const format = [
    '-cp',
    join(jars, '*'),
    'kafka.tools.StorageTool',
    'format',
    '-t',
    'c2VjdXJlZC1jbHVzdGVyLQ',
    '-c',
    config,
  ]
  await run('java', ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...format, ...users])
  const record = launch(folder, command, {})
  await untilReady('kafka', record, async (log) => isKafkaReady(log), startLimitMs)
  return secured(folder, broker, record)
}

/** A QuestDB that wants a user name and a password. */
export async function securedQuestdb(folder: string, user: string, password: string): Promise<SecuredService> {
  const [http = 0, min = 0, pg = 0, ilp = 0] = await freePorts(4)
  const jars = await jarFolder('questdb', defaultCache(), () => {})
  const command = prepareQuestdb(folder, jars, { http, min, pg, ilp }, false)
  appendFileSync(join(folder, 'data', 'conf', 'server.conf'), `http.user=${user}\nhttp.password=${password}\n`)
  const record = launch(folder, command, {})
  const isReady = async () =>
    fetch(`http://127.0.0.1:${http}/exec?query=select%201`).then(
      ({ status }) => status === 401,
      () => false,
    )
  await untilReady('questdb', record, isReady, startLimitMs)
  return secured(folder, http, record)
}

/** Speaks TLS in front of a server that does not; of who asks with `token` it makes who asks with the user's name. */
export async function tlsProxy(
  target: number,
  { keyStore, password }: Certificate,
  exchange: { readonly token: string; readonly basic: string },
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server: Server = createServer({ pfx: readFileSync(keyStore), passphrase: password }, (incoming, outgoing) => {
    const { authorization } = incoming.headers
    const headers = {
      ...incoming.headers,
      ...(authorization === `Bearer ${exchange.token}` ? { authorization: exchange.basic } : {}),
    }
    const options = { host: '127.0.0.1', port: target, path: incoming.url, method: incoming.method, headers }
    const onward = request(options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}
