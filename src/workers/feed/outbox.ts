import type { Bus, Outgoing } from '../../ports/bus.ts'

/** Messages that wait at most, in bytes, before the feed itself has to. */
const waitingBytesMax = 4 << 20
/** One publish carries at most this: a partition's share of it must pass as one record batch. */
const publishBytesMax = 768 * 1024

/**
 * Publishes in order, one publish at a time, so that what a crash leaves in the log is a prefix of every partition;
 * the next messages are built meanwhile, up to a bound.
 */
export class Outbox {
  messages = 0
  readonly #bus: Bus
  readonly #waiting: Outgoing[] = []
  #waitingBytes = 0
  #pump: Promise<void> | null = null
  #publish: Promise<unknown> = Promise.resolve()
  #failure: { readonly error: unknown } | null = null

  constructor(bus: Bus) {
    this.#bus = bus
  }

  /** Queues messages; resolves when there is room for more. @throws whatever the bus threw */
  async send(messages: readonly Outgoing[]): Promise<void> {
    this.#check()
    if (messages.length === 0) return
    for (const message of messages) {
      this.#waiting.push(message)
      this.#waitingBytes += message.value.byteLength
    }
    this.#pump ??= this.#run()
    while (this.#waitingBytes > waitingBytesMax) await this.#publish
    this.#check()
  }

  /** Resolves when everything queued is in the log. */
  async drained(): Promise<void> {
    while (this.#pump !== null) await this.#pump
    this.#check()
  }

  async #run(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const group = this.#next()
        this.#publish = this.#bus.publish('market', group)
        await this.#publish
        this.messages += group.length
      }
    } catch (error) {
      this.#failure = { error }
      this.#waiting.length = 0
      this.#waitingBytes = 0
    } finally {
      this.#pump = null
    }
  }

  #next(): Outgoing[] {
    let count = 0
    let bytes = 0
    for (const { value } of this.#waiting) {
      if (count > 0 && bytes + value.byteLength > publishBytesMax) break
      bytes += value.byteLength
      count++
    }
    this.#waitingBytes -= bytes
    return this.#waiting.splice(0, count)
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure.error
  }
}
