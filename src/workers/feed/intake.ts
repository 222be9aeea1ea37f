import { ClosebellError } from '../../../schemas/errors.ts'
import type { FeedBlock } from '../../ports/feed.ts'
import type { Lane } from './lane.ts'

/** Pulls blocks only as far as the channel that is furthest behind needs them. */
export class Intake {
  readonly #blocks: AsyncIterator<FeedBlock>
  readonly #lanes: readonly Lane[]
  readonly #byChannel: ReadonlyMap<string, Lane>

  constructor(blocks: AsyncIterable<FeedBlock>, lanes: readonly Lane[]) {
    this.#blocks = blocks[Symbol.asyncIterator]()
    this.#lanes = lanes
    this.#byChannel = new Map(lanes.map((lane) => [lane.channel.channel, lane]))
  }

  async until(enough: (lane: Lane) => boolean): Promise<void> {
    while (!this.#lanes.every(enough)) {
      const next = await this.#blocks.next()
      if (next.done === true) {
        for (const lane of this.#lanes) lane.end()
        return
      }
      const { channel } = 'ticks' in next.value ? next.value.ticks : next.value.books
      const lane = this.#byChannel.get(channel)
      if (lane === undefined) throw new ClosebellError('CB_FEED_INPUT', `a block of channel ${channel}, not declared`)
      lane.push(next.value)
    }
  }

  /** Lets the feed put away what it holds open. */
  async close(): Promise<void> {
    await this.#blocks.return?.()
  }
}
