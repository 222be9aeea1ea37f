import { Kafka, logLevel, type Admin, type logCreator, type RetryOptions } from 'kafkajs'
import Cluster from 'kafkajs/src/cluster/index.js'
import socketFactory from 'kafkajs/src/network/socketFactory.js'
import type { Log } from '../../ports/log.ts'
import type { Clock } from '../../ports/clock.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import { busError, isPassing } from './failure.ts'

/** Outlasts a restart of the broker, which takes 3.5 s after a kill and 11 s with the default session timeout. */
const patient: RetryOptions = { initialRetryTime: 200, maxRetryTime: 1000, retries: 30 }
/** The first contact answers within 10 s whether there is a broker at all. */
const eager: RetryOptions = { initialRetryTime: 200, maxRetryTime: 1000, retries: 3 }
const firstContactMs = 8000
const connectionTimeout = 2000
const requestTimeout = 30_000
const attempts = 40

export interface ClientOptions {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly log: Log
  readonly clock: Clock
}

/** One process's access to a Kafka cluster: connections are opened when first needed. */
export class Client {
  readonly kafka: Kafka
  readonly log: Log
  readonly clock: Clock
  readonly #options: ClientOptions
  #contact: Promise<Admin> | null = null

  constructor(options: ClientOptions) {
    this.#options = options
    this.log = options.log
    this.clock = options.clock
    this.kafka = new Kafka({
      brokers: [...options.brokers],
      clientId: options.clientId,
      connectionTimeout,
      requestTimeout,
      retry: patient,
      logLevel: logLevel.WARN,
      logCreator: quiet(options.log),
    })
  }

  /** The connected admin. @throws CB_BUS_UNREACHABLE within 10 s when no broker answers */
  admin(): Promise<Admin> {
    this.#contact ??= this.#connect().catch((error: unknown) => {
      this.#contact = null
      throw error
    })
    return this.#contact
  }

  /** A connection of its own: a fetch that waits for data holds up whatever else shares its connection. */
  cluster(retry: RetryOptions = patient): Cluster {
    return new Cluster({
      logger: this.kafka.logger(),
      socketFactory: socketFactory(),
      brokers: [...this.#options.brokers],
      clientId: this.#options.clientId,
      connectionTimeout,
      requestTimeout,
      enforceRequestTimeout: true,
      metadataMaxAge: 300_000,
      retry,
      allowAutoTopicCreation: false,
      maxInFlightRequests: null,
      isolationLevel: 0,
    })
  }

  /** Tries again while a request fails for a passing reason, at most for as long as kafkajs itself would. */
  async patiently<T>(doing: string, act: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await act()
      } catch (error) {
        if (attempt === attempts || !isPassing(error)) throw busError(error, doing)
        await this.clock.sleep(Math.min(1000, 50 * attempt))
      }
    }
  }

  async close(): Promise<void> {
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

/** kafkajs reports as errors what it then retries; what fails for good is thrown, so its own lines are details. */
const quiet =
  (log: Log): logCreator =>
  () =>
  ({ namespace, log: { message, timestamp: _timestamp, logger: _logger, ...facts } }) =>
    log.debug(`kafkajs ${namespace}: ${message}`, facts)
