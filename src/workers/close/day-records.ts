import { ClosebellError } from '../../../schemas/errors.ts'
import type { TopicName } from '../../../schemas/topics.ts'
import type { Bus, Logged } from '../../ports/bus.ts'

/** A record that is to stand under its key. */
export interface KeyedRecord {
  readonly key: string
  readonly value: Uint8Array
  /** 0 unless said. */
  readonly partition?: number
}

interface Place {
  next: number
  readonly first: Map<string, Logged>
}

/**
 * What the close of one revision of a date has published: of each key the record that was logged first, whoever wrote
 * it. A close that starts again takes what stands and goes on behind it, so nothing comes twice with other bytes.
 */
export class DayRecords {
  readonly #bus: Bus
  /** The date from which on its records may stand. */
  readonly since: string
  /** The date under which they are published. */
  readonly #filed: string
  readonly #places = new Map<string, Place>()

  constructor(bus: Bus, since: string, filed = since) {
    this.#bus = bus
    this.since = since
    this.#filed = filed
  }

  async first(topic: TopicName, key: string): Promise<Logged | null> {
    return (await this.#look(topic, 0)).first.get(key) ?? null
  }

  /**
   * Publishes the records whose keys are not there yet, and answers the bytes that stand, in the order of the records.
   * @throws ClosebellError CB_COORDINATOR when another close worker wrote other bytes at the same time
   */
  async publish(topic: TopicName, records: readonly KeyedRecord[]): Promise<Uint8Array[]> {
    const before = await this.#standing(topic, records)
    const missing = records.filter((_, i) => before[i] === undefined)
    if (missing.length === 0) return before.map((record, i) => record?.value ?? records[i].value)
    const outgoing = missing.map(({ key, value, partition = 0 }) => ({ partition, date: this.#filed, key, value }))
    await this.#bus.publish(topic, outgoing)
    const standing = await this.#standing(topic, records)
    return records.map(({ key, value }, i) => {
      const record = standing[i]
      if (record === undefined)
        throw new ClosebellError('CB_INTERNAL', `${key} was published to ${topic} and is not there`)
      const isOurs = before[i] !== undefined || Buffer.compare(record.value, value) === 0
      if (isOurs) return record.value
      throw new ClosebellError('CB_COORDINATOR', `${key} of ${topic} stands at ${record.offset} with other bytes`)
    })
  }

  async #standing(topic: TopicName, records: readonly KeyedRecord[]): Promise<(Logged | undefined)[]> {
    const places = new Map<number, Place>()
    for (const { partition = 0 } of records)
      if (!places.has(partition)) places.set(partition, await this.#look(topic, partition))
    return records.map(({ key, partition = 0 }) => places.get(partition)?.first.get(key))
  }

  /** Reads what came since the last look. */
  async #look(topic: TopicName, partition: number): Promise<Place> {
    const name = `${topic}/${partition}`
    const known = this.#places.get(name)
    const place = known ?? { next: await this.#bus.offsetOfDate(topic, partition, this.since), first: new Map() }
    this.#places.set(name, place)
    if (place.next >= (await this.#bus.offsets(topic, partition)).next) return place
    for await (const messages of this.#bus.read(topic, partition, { from: place.next, until: 'end' })) {
      for (const message of messages) {
        place.next = message.offset + 1
        if (message.date <= this.#filed && !place.first.has(message.key)) place.first.set(message.key, message)
      }
    }
    return place
  }
}
