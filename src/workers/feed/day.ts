import { ClosebellError } from '../../../schemas/errors.ts'
import type { ChainName, ReferenceEntry } from '../../../schemas/market.ts'
import type { Outgoing } from '../../ports/bus.ts'
import type { FeedDay } from '../../ports/feed.ts'
import type { Log } from '../../ports/log.ts'
import { codecs } from '../../wire/index.ts'
import { partitionOf } from '../../wire/partition.ts'
import type { PartitionProgress } from './resume.ts'

/**
 * Session records that open a day where nobody has: DayOpened with the chains of this feed, and a Reference with
 * what its source tells of the instruments. What was logged first stays as it is.
 * @throws ClosebellError CB_CONFIG for another number of partitions, CB_USAGE when the log is past the date
 */
export function openingOf(
  day: FeedDay,
  producer: string,
  progress: readonly PartitionProgress[],
  log: Log,
): Outgoing[] {
  const reference = progress.every(({ isReferenced }) => isReferenced) ? [] : (day.reference?.() ?? [])
  const chains: ChainName[] = day.channels.map(({ channel }) => ({ producer, channel }))
  return progress.flatMap(({ opened, isReferenced, laterDate }, partition) => {
    if (laterDate !== null) {
      throw new ClosebellError(
        'CB_USAGE',
        `${day.date} cannot be fed: partition ${partition} has reached ${laterDate}`,
        {
          remedy: 'Feed days in ascending order, or use another bus.',
        },
      )
    }
    if (opened === null) return opening(day, partition, progress.length, chains, reference)
    if (opened.partitions !== progress.length) {
      throw new ClosebellError(
        'CB_CONFIG',
        `${day.date} was opened with ${opened.partitions} partitions, the feed has ${progress.length}`,
      )
    }
    const expected = new Set(opened.chains.map((chain) => `${chain.producer}/${chain.channel}`))
    const surprising = chains.filter((chain) => !expected.has(`${chain.producer}/${chain.channel}`))
    if (surprising.length > 0) log.warn('the day was opened without these chains', { partition, surprising })
    // A feed that died between its two records; the Reference of a day that `open` opened is for `open` to write.
    const isMissing = opened.universeHash === '' && !isReferenced
    return isMissing ? opening(day, partition, progress.length, chains, reference).slice(1) : []
  })
}

function opening(
  day: FeedDay,
  partition: number,
  partitions: number,
  chains: ChainName[],
  reference: readonly ReferenceEntry[],
): Outgoing[] {
  const { date, profile } = day
  const instruments = reference.filter(({ instrument }) => partitionOf(instrument, partitions) === partition)
  const records = [
    codecs.dayOpened.encode({ date, profile, partitions, partition, chains, universeHash: '' }),
    codecs.reference.encode({ date, partition, instruments }),
  ]
  return records.map((value) => ({ partition, date, key: 'session', value }))
}
