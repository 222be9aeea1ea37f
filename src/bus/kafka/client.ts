import { Kafka, logLevel, type Admin, type KafkaConfig, type logCreator, type RetryOptions } from 'kafkajs'
import Cluster from 'kafkajs/src/cluster/index.js'
import socketFactory from 'kafkajs/src/network/socketFactory.js'
import type { Access } from '../../ports/access.ts'
import type { Log } from '../../ports/log.ts'
import type { Clock } from '../../ports/clock.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import { busError, isPassing } from './failure.ts'

/** So long a request is tried again, ms: a broker and the machine below it are back by then, or somebody must look. */
export const patienceMs = 120_000
const pauseMaxMs = 1000
/** What kafkajs tries by itself, which mends stale metadata; patience is ours, since its own counts attempts. */
const retry: RetryOptions = { initialRetryTime: 200, maxRetryTime: pauseMaxMs, retries: 5 }
/** The first contact answers within 10 s whether there is a broker at all. */
const eager: RetryOptions = { initialRetryTime: 200, maxRetryTime: 1000, retries: 3 }
const firstContactMs = 8000
const connectionTimeout = 2000
const requestTimeout = 30_000
/** The attempt from which on a failing request is told of: before it, leaders and coordinators are being found. */
const toldAttempt = 8

export interface ClientOptions {
  readonly brokers: readonly string[]
  readonly clientId: string
  /** Nobody in particular, in plain text, unless said. */
  readonly access?: Access
  readonly log: Log
  readonly clock: Clock
  /** A service waits for its first contact as long as for any other answer; a person is told within 10 s. */
  readonly isService?: boolean
}

/** One process's access to a Kafka cluster: connections are opened when first needed. */
export class Client {
  readonly kafka: Kafka
  readonly log: Log
  readonly clock: Clock
  readonly #options: ClientOptions
  #contact: Promise<Admin> | null = null
  #isClosed = false

  constructor(options: ClientOptions) {
    this.#options = options
    this.log = options.log
    this.clock = options.clock
    this.kafka = new Kafka({
      brokers: [...options.brokers],
      clientId: options.clientId,
      ...security(options.access),
      connectionTimeout,
      requestTimeout,
      retry,
      logLevel: logLevel.WARN,
      logCreator: quiet(options.log),
    })
  }

  /** The connected admin. @throws CB_BUS_UNREACHABLE when no broker answers, within 10 s unless this is a service */
  admin(): Promise<Admin> {
    const connect = () => this.#connect()
    const connected = () => (this.#options.isService === true ? this.patiently('connecting', connect) : connect())
    this.#contact ??= connected().catch((error: unknown) => {
      this.#contact = null
      throw error
    })
    return this.#contact
  }

  /** A connection of its own: a fetch that waits for data holds up whatever else shares its connection. */
  cluster(retries: RetryOptions = retry): Cluster {
    return new Cluster({
      logger: this.kafka.logger(),
      socketFactory: socketFactory(),
      brokers: [...this.#options.brokers],
      clientId: this.#options.clientId,
      ...security(this.#options.access),
      connectionTimeout,
      requestTimeout,
      enforceRequestTimeout: true,
      metadataMaxAge: 300_000,
      retry: retries,
      allowAutoTopicCreation: false,
      maxInFlightRequests: null,
      isolationLevel: 0,
    })
  }

  /** Asks a broker for the coordinator of a group. @throws what it answers, which kafkajs keeps to itself */
  async findCoordinator(groupId: string): Promise<void> {
    const cluster = this.cluster(eager)
    try {
      await cluster.connect()
      await cluster.refreshMetadata()
      const broker = await cluster.findControllerBroker()
      await broker.findGroupCoordinator({ groupId, coordinatorType: 0 })
    } finally {
      await cluster.disconnect().catch(() => undefined)
    }
  }

  /**
   * Tries again, with rising pauses, while a request fails for a passing reason, until it has done so for two minutes.
   * @throws ClosebellError CB_BUS_UNREACHABLE then, or what stands for another failure at once
   */
  async patiently<T>(doing: string, act: () => Promise<T>, recover?: (error: unknown) => void): Promise<T> {
    const until = this.clock.elapsed() + patienceMs
    for (let attempt = 1; ; attempt++) {
      try {
        return await act()
      } catch (error) {
        if (this.#isClosed || !isPassing(error) || this.clock.elapsed() >= until) throw busError(error, doing)
        if (attempt === toldAttempt) this.log.warn('the bus does not answer, trying again', { doing })
        recover?.(error)
        await this.clock.sleep(Math.min(pauseMaxMs, 50 * attempt))
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const admin = await this.#contact?.catch(() => null)
    this.#contact = null
    await admin?.disconnect()
  }

  async #connect(): Promise<Admin> {
    const probe = this.cluster(eager)
    const timer = new AbortController()
    const { brokers } = this.#options
    const timeout = this.clock.sleep(firstContactMs, timer.signal).then(
      () => Promise.reject(new ClosebellError('CB_BUS_UNREACHABLE', `${brokers.join(', ')} gave no answer`)),
      () => undefined,
    )
    try {
      await Promise.race([probe.connect(), timeout])
    } catch (error) {
      throw busError(error, `connecting to ${brokers.join(', ')}`)
    } finally {
      timer.abort()
      await probe.disconnect().catch(() => undefined)
    }
    const admin = this.kafka.admin()
    await admin.connect()
    return admin
  }
}

/** The broker must have a certificate of its own name; it never hears the password. */
function security(access: Access | undefined): Pick<KafkaConfig, 'sasl' | 'ssl'> {
  const { user = null, tls = null } = access ?? {}
  return {
    ...(user === null
      ? {}
      : { sasl: { mechanism: 'scram-sha-512', username: user.name, password: user.password } as const }),
    ...(tls === null ? {} : { ssl: { minVersion: 'TLSv1.2', ...(tls.ca === null ? {} : { ca: tls.ca }) } as const }),
  }
}

/** kafkajs reports as errors what it then retries; what fails for good is thrown, so its own lines are details. */
const quiet =
  (log: Log): logCreator =>
  () =>
  ({ namespace, log: { message, timestamp: _timestamp, logger: _logger, ...facts } }) =>
    log.debug(`kafkajs ${namespace}: ${message}`, facts)
