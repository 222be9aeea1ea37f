import { ClosebellError } from '../../../schemas/errors.ts'

interface KafkaFailure {
  readonly name?: string
  readonly type?: string
  readonly code?: string
  readonly retriable?: boolean
  readonly message?: string
  readonly cause?: unknown
  /** Of several topics, what went wrong with each. */
  readonly errors?: readonly unknown[]
}

const unreachable = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSLockTimeout',
  'KafkaJSGroupCoordinatorNotFound',
  'KafkaJSMetadataNotLoaded',
  'KafkaJSTopicMetadataNotLoaded',
])

const wrappers = ['KafkaJSNonRetriableError', 'KafkaJSNumberOfRetriesExceeded']

/** The broker does not know the user, or does not let it do what it asked for. */
const isDenied = ({ name = '', type = '', message = '' }: KafkaFailure): boolean =>
  name === 'KafkaJSSASLAuthenticationError' ||
  /_AUTHORIZATION_FAILED$/.test(type) ||
  // On its way through the consumer the error of a group loses its type.
  /not authorized to access/i.test(message)

/** kafkajs wraps what it will not retry: what counts is inside. */
function unwrap(error: unknown): KafkaFailure {
  const failure = error as KafkaFailure
  if (failure.errors?.[0] !== undefined) return unwrap(failure.errors[0])
  const isWrapped = wrappers.includes(failure.name ?? '') && failure.cause instanceof Error
  return isWrapped ? unwrap(failure.cause) : failure
}

/** Whether a request fails only until the broker is back, or its metadata is read again. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ClosebellError) return error.retriable
  const { name = '', type, code = '', retriable } = unwrap(error)
  // A missing topic counts as passing with kafkajs, since it may be about to be created; here nobody creates it.
  if (type !== undefined) return retriable === true && type !== 'UNKNOWN_TOPIC_OR_PARTITION'
  return unreachable.has(name) || code === 'ECONNREFUSED' || code === 'ECONNRESET'
}

/** kafkajs asked every broker for the coordinator of a group, and does not say why it got none. */
export const lacksCoordinator = (error: unknown): boolean => unwrap(error).name === 'KafkaJSGroupCoordinatorNotFound'

/** Whether the group moved on to a newer generation, so that what this member wanted to commit is its successor's. */
export const isOutdated = (error: unknown): boolean =>
  ['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID'].includes(unwrap(error).type ?? '')

/** Whether a membership fails because of what was asked, so that another attempt would be refused as well. */
export function isRefused(error: unknown): boolean {
  const failure = unwrap(error)
  const { type, retriable } = failure
  if (isDenied(failure)) return true
  return type !== undefined && retriable === false && !isOutdated(error)
}

/** The closebell error that stands for a failure of kafkajs. */
export function busError(error: unknown, doing: string): ClosebellError {
  if (error instanceof ClosebellError) return error
  const failure = unwrap(error)
  if (failure instanceof ClosebellError) return failure
  const { type, message = String(error) } = failure
  const fact = `${doing}: ${message}`
  if (type === 'OFFSET_OUT_OF_RANGE') return new ClosebellError('CB_BUS_GAP', fact, { cause: error })
  if (type === 'MESSAGE_TOO_LARGE' || type === 'RECORD_LIST_TOO_LARGE') {
    return new ClosebellError('CB_CONFIG', fact, {
      cause: error,
      remedy: 'Raise message.max.bytes of the broker and max.message.bytes of the topic.',
    })
  }
  if (type === 'UNKNOWN_TOPIC_OR_PARTITION') return new ClosebellError('CB_ABSENT', fact, { cause: error })
  if (isDenied(failure)) return new ClosebellError('CB_BUS_ACCESS', fact, { cause: error })
  if (isPassing(failure)) return new ClosebellError('CB_BUS_UNREACHABLE', fact, { cause: error, retriable: true })
  return new ClosebellError('CB_INTERNAL', fact, { cause: error })
}
