import type { FeedChannel } from '../../ports/feed.ts'
import type { Outgoing } from '../../ports/bus.ts'
import { codecs } from '../../wire/index.ts'
import { BatchBuilder } from './batch.ts'
import type { ChainProgress } from './resume.ts'

const minute = 60_000_000

/** A message to publish: how many events it holds, and the event time (µs UTC) at which it is due. */
export interface Due {
  readonly message: Outgoing
  readonly events: number
  readonly time: number
}

/** One chain of a day: numbers its batches and keeps its promises. */
export class Chain {
  readonly builder: BatchBuilder
  readonly progress: ChainProgress
  readonly #date: string
  readonly #producer: string
  readonly #channel: string
  readonly #partition: number
  /** Sequences up to here were logged before this start; their events are not sent again. */
  readonly resumeSequence: number

  constructor(date: string, producer: string, channel: FeedChannel, partition: number, progress: ChainProgress) {
    this.builder = new BatchBuilder(channel.kind)
    this.progress = progress
    this.resumeSequence = progress.lastSequence
    this.#date = date
    this.#producer = producer
    this.#channel = channel.channel
    this.#partition = partition
  }

  /**
   * The next batch with the promise that nothing before `markTime` and no sequence up to `markSequence` follows;
   * null when it would say nothing new.
   */
  flush(markTime: number, markSequence: number): Due | null {
    const { builder, progress } = this
    const { count } = builder
    if (count === 0 && markTime <= progress.markTime && markSequence <= progress.markSequence) return null
    const { first, last } = builder.sequences
    progress.markTime = Math.max(progress.markTime, markTime)
    progress.markSequence = Math.max(progress.markSequence, markSequence)
    progress.lastSequence = Math.max(progress.lastSequence, last)
    progress.events += count
    const value = builder.take({
      date: this.#date,
      producer: this.#producer,
      channel: this.#channel,
      partition: this.#partition,
      batchNumber: progress.nextBatch++,
      firstSequence: first,
      lastSequence: last,
      markTime: progress.markTime,
      markSequence: progress.markSequence,
      // A batch holds one exchange minute: its rows lie within a minute of its base.
      baseTime: (Math.ceil(markTime / minute) - 1) * minute,
    })
    return { message: this.#outgoing(value), events: count, time: markTime }
  }

  end(): Outgoing | null {
    const { progress } = this
    if (progress.ended) return null
    progress.ended = true
    const value = codecs.chainEnded.encode({
      date: this.#date,
      producer: this.#producer,
      channel: this.#channel,
      partition: this.#partition,
      batches: progress.nextBatch,
      lastSequence: progress.lastSequence,
      events: progress.events,
    })
    return this.#outgoing(value)
  }

  #outgoing(value: Uint8Array): Outgoing {
    return { partition: this.#partition, date: this.#date, key: `${this.#producer}/${this.#channel}`, value }
  }
}
