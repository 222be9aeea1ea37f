import type { Bus, Logged, Outgoing } from '../../src/ports/bus.ts'
import type { TopicName } from '../../schemas/topics.ts'

/** The market topic in memory: enough of a Bus for the feed. `failAfter` messages it breaks, as a broker might. */
export class MemoryBus implements Bus {
  readonly log: Logged[][] = []
  failAfter = Infinity
  published = 0
  onPublish: (messages: readonly Outgoing[]) => void = () => undefined

  createTopics(partitions: number): Promise<void> {
    while (this.log.length < partitions) this.log.push([])
    return Promise.resolve()
  }

  partitions(): Promise<number> {
    return Promise.resolve(this.log.length)
  }

  async publish(topic: TopicName, messages: readonly Outgoing[]): Promise<number> {
    await Promise.resolve()
    this.onPublish(messages)
    for (const message of messages) {
      if (this.published++ >= this.failAfter) throw new Error('the broker went away')
      const log = this.log[message.partition]
      log.push({ ...message, topic, offset: log.length, appendedAt: 0 })
    }
    return 0
  }

  async *read(_topic: TopicName, partition: number, options: { from: number }): AsyncGenerator<readonly Logged[]> {
    const messages = this.log[partition].slice(options.from)
    if (messages.length > 0) yield await Promise.resolve(messages)
  }

  offsets(_topic: TopicName, partition: number): Promise<{ first: number; next: number }> {
    return Promise.resolve({ first: 0, next: this.log[partition].length })
  }

  offsetOfDate(_topic: TopicName, partition: number, date: string): Promise<number> {
    const at = this.log[partition].findIndex((message) => message.date >= date)
    return Promise.resolve(at < 0 ? this.log[partition].length : at)
  }

  committed(): Promise<never> {
    return this.join()
  }

  join(): Promise<never> {
    return Promise.reject(new Error('no groups in memory'))
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
