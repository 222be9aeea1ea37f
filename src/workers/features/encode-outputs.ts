import { createHash } from 'node:crypto'
import type { TopicName } from '../../../schemas/topics.ts'
import type { Outgoing } from '../../ports/bus.ts'
import { codecs } from '../../wire/index.ts'
import { codeVersion } from '../fingerprints.ts'
import type { StreamOutput } from './partition-stream.ts'

export interface Addressed {
  readonly topic: TopicName
  readonly message: Outgoing
}

/**
 * Messages of outputs, in their order. Keys are those of the rows, so that a repeat is recognised.
 * @param filed date under which they are filed; that of each unless a later day is open already
 */
export function encodeOutputs(outputs: readonly StreamOutput[], partition: number, filed?: string): Addressed[] {
  let dayRows = createHash('sha256')
  return outputs.map((output) => {
    switch (output.kind) {
      case 'minuteRows': {
        const { date, minute, set, revision } = output.value
        return address(
          'minutes',
          partition,
          filed ?? date,
          `${date}|${revision}|${minute}|${set}`,
          codecs.minuteRows.encode(output.value),
        )
      }
      case 'dayRow': {
        const { date, instrument, revision } = output.value
        const bytes = codecs.dayRow.encode(output.value)
        dayRows.update(bytes)
        return address('days', partition, filed ?? date, `${date}|${revision}|${instrument}`, bytes)
      }
      case 'partitionClosed': {
        const value = { ...output.value, rowsHash: dayRows.digest('hex'), codeVersion }
        dayRows = createHash('sha256') // One batch of messages may close several days.
        return address(
          'days',
          partition,
          filed ?? value.date,
          `${value.date}|${value.revision}|closed`,
          codecs.partitionClosed.encode(value),
        )
      }
      case 'late': {
        const { date, offset, row } = output.value
        return address('late', 0, date, `${partition}|${offset}|${row}`, codecs.late.encode(output.value))
      }
      case 'quarantined': {
        const { date, offset, row } = output.value
        return address('quarantine', 0, date, `${partition}|${offset}|${row}`, codecs.quarantined.encode(output.value))
      }
    }
  })
}

const address = (topic: TopicName, partition: number, date: string, key: string, value: Uint8Array): Addressed => ({
  topic,
  message: { partition, date, key, value },
})
