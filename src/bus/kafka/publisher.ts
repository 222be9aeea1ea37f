import { CompressionTypes, type Message, type Producer } from 'kafkajs'
import type { Outgoing } from '../../ports/bus.ts'
import type { Client } from './client.ts'

/** A request is closed at this many bytes or messages. */
const requestBytes = 1024 * 1024
const requestMessages = 5000

/** Appends to partitions over one idempotent producer: acknowledged by all replicas, never twice, in order. */
export class Publisher {
  readonly #client: Client
  #producer: Promise<Producer> | null = null
  /** The end of what is queued for each partition: concurrent calls append in the order in which they were made. */
  readonly #tails = new Map<string, Promise<unknown>>()

  constructor(client: Client) {
    this.#client = client
  }

  /** @returns the offset of the first message */
  async publish(path: string, messages: readonly Outgoing[]): Promise<number> {
    const keys = [...new Set(messages.map(({ partition }) => `${path}/${partition}`))]
    const before = Promise.all(keys.map((key) => this.#tails.get(key) ?? Promise.resolve()))
    const sent = before.then(() => this.#send(path, messages))
    const settled = sent.catch(() => undefined)
    for (const key of keys) this.#tails.set(key, settled)
    try {
      return await sent
    } finally {
      for (const key of keys) if (this.#tails.get(key) === settled) this.#tails.delete(key)
    }
  }

  async close(): Promise<void> {
    const producer = await this.#producer?.catch(() => null)
    this.#producer = null
    await producer?.disconnect()
  }

  async #send(path: string, messages: readonly Outgoing[]): Promise<number> {
    const producer = await this.#connected()
    let first = -1
    for (const part of split(messages)) {
      const [wanted] = part
      const request = { topic: path, acks: -1, compression: CompressionTypes.None, messages: part.map(toMessage) }
      // Sent again, it keeps its sequence numbers: the broker recognises what it has appended already.
      const metadata = await this.#client.patiently(`publishing ${messages.length} messages to ${path}`, () =>
        producer.send(request),
      )
      if (first < 0) first = Number(metadata.find(({ partition }) => partition === wanted?.partition)?.baseOffset)
    }
    return first
  }

  #connected(): Promise<Producer> {
    this.#producer ??= this.#connect().catch((error: unknown) => {
      this.#producer = null
      throw error
    })
    return this.#producer
  }

  async #connect(): Promise<Producer> {
    await this.#client.admin()
    const producer = this.#client.kafka.producer({
      idempotent: true,
      allowAutoTopicCreation: false,
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
    })
    await this.#client.patiently('connecting the producer', () => producer.connect())
    return producer
  }
}

const toMessage = ({ partition, key, date, value }: Outgoing): Message => ({
  partition,
  key,
  value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
  headers: { date },
})

function* split(messages: readonly Outgoing[]): Generator<readonly Outgoing[]> {
  let start = 0
  let bytes = 0
  for (const [index, { value }] of messages.entries()) {
    if (index > start && (bytes + value.length > requestBytes || index - start === requestMessages)) {
      yield messages.slice(start, index)
      start = index
      bytes = 0
    }
    bytes += value.length
  }
  yield messages.slice(start)
}
