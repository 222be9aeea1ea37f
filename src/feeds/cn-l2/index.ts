import { ClosebellError } from '../../../schemas/errors.ts'
import { cn, dayStart } from '../../../schemas/profiles/index.ts'
import type { Feed, FeedBlock, FeedChannel, FeedDay } from '../../ports/feed.ts'
import { bookBlocks, bookTable, snapshots, type BookTable } from './books.ts'
import { csvFiles, dateOf, openSource, readRows, type RowReader, type Source } from './source.ts'
import { sseOrders, sseTrades, szseTrades, tickBlocks, tickTable, type TickTable } from './ticks.ts'

/**
 * A-share Level-2 files of both exchanges: orders and trades of SSE, trades (with cancels) of SZSE, and ten-level
 * snapshots; domain.md §10. An input is a folder of dates, a date's folder, a symbol's folder or a CSV(.gz) file.
 * Tick channels are `sse-<n>` and `szse-<n>` in the order of biz_index and appl_seq, snapshots are `sse-books` and
 * `szse-books`. Extracts of single stocks leave holes, so no channel is contiguous. One day is held in memory.
 */
export function cnL2Feed(inputs: readonly string[]): Feed {
  return {
    producer: 'cn-l2',
    async *days() {
      const files = csvFiles(inputs)
      const dates = files.map(dateOf)
      for (const date of [...new Set(dates)].sort()) {
        yield await openDay(
          date,
          files.filter((_, i) => dates[i] === date),
        )
      }
    },
  }
}

async function openDay(date: string, files: readonly string[]): Promise<FeedDay> {
  const sources = (await Promise.all(files.map(openSource))).filter((source) => source !== null)
  const channels: FeedChannel[] = [...new Set(sources.map((source) => source.channel))].sort().map((channel) => ({
    channel,
    kind: channel.endsWith('-books') ? 'books' : 'ticks',
    contiguous: false,
  }))
  return { date, profile: cn.name, channels, blocks: (report) => dayBlocks(date, sources, report ?? refuse) }
}

const refuse = (error: ClosebellError): never => {
  throw error
}

type ChannelTable = { readonly ticks: TickTable } | { readonly books: BookTable }

/** All files are read first, since rows of one channel lie in several; then channels alternate in time. */
async function* dayBlocks(
  date: string,
  sources: readonly Source[],
  report: (error: ClosebellError) => void,
): AsyncGenerator<FeedBlock> {
  const tables = new Map<string, ChannelTable>()
  for (const source of sources) {
    const table = tables.get(source.channel) ?? newTable(source)
    tables.set(source.channel, table)
    await readRows(source, readerOf(table, source), report)
  }
  const midnight = dayStart(cn, date)
  yield* inTimeOrder([...tables].map(([channel, table]) => blocksOf(table, channel, midnight)))
}

const newTable = (source: Source): ChannelTable =>
  source.form === 'snapshots' ? { books: bookTable() } : { ticks: tickTable() }

function readerOf(table: ChannelTable, source: Source): RowReader {
  if ('books' in table) return snapshots(table.books, source)
  const readers = { 'sse-orders': sseOrders, 'sse-trades': sseTrades, 'szse-trades': szseTrades } as const
  if (source.form === 'snapshots') throw new ClosebellError('CB_INTERNAL', `${source.path} is no tick file`)
  return readers[source.form](table.ticks, source)
}

function* blocksOf(table: ChannelTable, channel: string, midnight: number): Generator<FeedBlock> {
  if ('books' in table) for (const books of bookBlocks(table.books, channel, midnight)) yield { books }
  else for (const ticks of tickBlocks(table.ticks, channel, midnight)) yield { ticks }
}

const startOf = (block: FeedBlock): number => ('ticks' in block ? block.ticks : block.books).baseTime

/** The next block of the channel that is furthest behind, so that whoever merges them holds little. */
function* inTimeOrder(channels: readonly Generator<FeedBlock>[]): Generator<FeedBlock> {
  const heads: (FeedBlock | undefined)[] = channels.map((channel) => channel.next().value as FeedBlock | undefined)
  for (;;) {
    let first = -1
    heads.forEach((head, i) => {
      const least = first < 0 ? undefined : heads[first]
      if (head !== undefined && (least === undefined || startOf(head) < startOf(least))) first = i
    })
    const block = heads[first]
    if (block === undefined) return
    yield block
    heads[first] = channels[first]?.next().value as FeedBlock | undefined
  }
}
