import type { Feed, FeedDay } from '../ports/feed.ts'
import type { Stage } from './progress.ts'

/** A feed that tells a stage how many events were taken from it. */
export function watchedFeed(feed: Feed, stage: Stage): Feed {
  let events = 0
  const watched = (day: FeedDay): FeedDay => ({
    ...day,
    async *blocks(report) {
      for await (const block of day.blocks(report)) {
        events += ('ticks' in block ? block.ticks : block.books).count
        stage.reach(events)
        yield block
      }
    },
  })
  return {
    producer: feed.producer,
    async *days() {
      for await (const day of feed.days()) yield watched(day)
    },
  }
}
