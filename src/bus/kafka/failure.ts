import { ClosebellError } from '../../../schemas/errors.ts'

interface KafkaFailure {
  readonly name?: string
  readonly type?: string
  readonly code?: string
  readonly message?: string
  readonly cause?: unknown
}

const unreachable = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSLockTimeout',
])

/** Whether a request fails only until the broker is back, or its metadata is read again. */
export function isPassing(error: unknown): boolean {
  const { name = '', type = '', code = '' } = error as KafkaFailure
  if (unreachable.has(name) || code === 'ECONNREFUSED' || code === 'ECONNRESET') return true
  return ['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE', 'REPLICA_NOT_AVAILABLE', 'KAFKA_STORAGE_ERROR'].includes(
    type,
  )
}

/** Whether the group moved on to a newer generation, so that what this member wanted to commit is its successor's. */
export const isOutdated = (error: unknown): boolean =>
  ['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'].includes((error as KafkaFailure).type ?? '')

/** The closebell error that stands for a failure of kafkajs. */
export function busError(error: unknown, doing: string): ClosebellError {
  if (error instanceof ClosebellError) return error
  const { name, type, message = String(error), cause } = error as KafkaFailure
  if (name === 'KafkaJSNumberOfRetriesExceeded' && cause !== undefined) return busError(cause, doing)
  const fact = `${doing}: ${message}`
  if (type === 'OFFSET_OUT_OF_RANGE') return new ClosebellError('CB_BUS_GAP', fact, { cause: error })
  if (type === 'MESSAGE_TOO_LARGE' || type === 'RECORD_LIST_TOO_LARGE') {
    return new ClosebellError('CB_CONFIG', fact, {
      cause: error,
      remedy: 'Raise message.max.bytes of the broker and max.message.bytes of the topic.',
    })
  }
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return new ClosebellError('CB_ABSENT', fact, { cause: error })
  if (isPassing(error)) return new ClosebellError('CB_BUS_UNREACHABLE', fact, { cause: error, retriable: true })
  return new ClosebellError('CB_INTERNAL', fact, { cause: error })
}
