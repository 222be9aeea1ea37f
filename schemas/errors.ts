/** Every error code of closebell, each with the remedy an operator is told. Codes are never renamed or reused. */
export const remedies = {
  CB_USAGE: 'See the command’s --help.',
  CB_CONFIG: 'Run closebell config to see what is in force and where it comes from.',
  CB_ABSENT: 'Name a file, folder or date that exists.',
  CB_BUS_UNREACHABLE: 'Run closebell up, or set --bus.',
  CB_BUS_GAP: 'Offsets are missing from the log: restore the topic from its tape, then restart the worker.',
  CB_OFFSET_LOST:
    'Records that were not read yet are gone: restore the topic from its tape. Nothing goes on behind the hole.',
  CB_COORDINATOR: 'Two close workers at work on one bus: this one stands down; leave one of them.',
  CB_BUS_CONFLICT: 'One process may write a topic partition: stop the other writer.',
  CB_BUS_ACCESS: 'The broker refuses: look at CLOSEBELL_KAFKA_* in closebell config, and at deploy/kafka-acls.sh.',
  CB_STORE_UNREACHABLE: 'Run closebell up, or set --store.',
  CB_STORE_ACCESS: 'The store refuses: look at CLOSEBELL_STORE_* in closebell config.',
  CB_STORE_LOCKED: 'Stop the process that holds the file, or set --store.',
  CB_STORE_SUSPENDED: 'The table is suspended: see its error in wal_tables(), mend it, then resume it.',
  CB_STORE_COLUMN: 'The row has a column its table lacks: compare both with schemas/tables.ts.',
  CB_STORE_VALUE: 'A value cannot be stored: infinite, or of another type than its column.',
  CB_SIZING: 'A store holds one sizing: use the --flow-size it was opened with, or another --store.',
  CB_WIRE_MAGIC: 'The bytes are no single-object Avro message: check who writes to the topic.',
  CB_WIRE_SCHEMA: 'The schema fingerprint is unknown: upgrade this reader, or look for it in schemas/published.',
  CB_WIRE_TRUNCATED: 'The message ends too early: check the producer and the size limits of the broker.',
  CB_WIRE_CRC: 'The checksum differs from the columns: the bytes were changed on their way.',
  CB_WIRE_COLUMN: 'A column has the wrong length for its count: check the producer.',
  CB_WIRE_VALUE: 'A value is outside its range: check the producer.',
  CB_SYMBOL: 'A symbol begins with a letter or digit and has up to 32 letters, digits, dots, dashes or underscores.',
  CB_PRICE: 'A price is negative, or zero where the kind of event needs one.',
  CB_QUANTITY: 'A quantity is negative, zero or no exact integer.',
  CB_TIME: 'A time lies outside the trading date of its batch.',
  CB_CHAIN: 'A batch number came again with other bytes: two producers share one name.',
  CB_CHAIN_ENDED: 'The chain had ended: start a correction to take its events in.',
  CB_DAY: 'No day is open on the partition: run closebell open, or a file feed.',
  CB_NOT_CLOSED:
    'A date is corrected once every partition has closed it: wait for its close, or run closebell features.',
  CB_CALENDAR_END:
    'The calendar ends here and does not guess: run closebell import calendar FILE, or install a newer release.',
  CB_FEED_INPUT: 'The vendor file is not in the form its adapter reads.',
  CB_FEED_SEQUENCE: 'The source lost, repeated or reordered events: ask it for the day again, then start a correction.',
  CB_ENGINE_ABSENT: 'No TensorFlow library. Run npm run setup:tensorflow.',
  CB_ENGINE_INPUT: 'The tensors do not fit together: compare their shapes with the network’s sizes.',
  CB_ARTIFACT: 'The artifact does not match its manifest or the catalogue: train again, or roll back.',
  CB_NO_HISTORY: 'Too few earlier days are stored: run closebell backfill or import first.',
  CB_SNAPSHOT: 'The snapshot is damaged or of other code: the worker re-reads the day from the log.',
  CB_ROW_DIFFERS: 'A row was published again with other bytes: stop, and compare the code versions of both workers.',
  CB_SERVICE: 'A service did not start: read the log that is named.',
  CB_REQUIREMENT: 'Something that is needed is missing on this machine.',
  CB_ACCESS: 'Send the token as Authorization: Bearer, and ask under the server’s own name.',
  CB_RETRACTED: 'The date has no valid values: undo what was done with them, and wait for its next revision.',
  CB_SILENT: 'No heartbeat arrives: look at closebell status.',
  CB_EXPRESSION:
    'Write it as the DP rules of the catalogue are; models/expression/README.md lists operators and features.',
  CB_INTERNAL: 'A fault of closebell itself: please report it with the message.',
} as const

export type ErrorCode = keyof typeof remedies

/** The one error type: a code, the fact with its numbers, and the remedy. */
export class ClosebellError extends Error {
  override readonly name = 'ClosebellError'
  readonly code: ErrorCode
  readonly fact: string
  readonly remedy: string
  readonly retriable: boolean

  constructor(code: ErrorCode, fact: string, options: { cause?: unknown; retriable?: boolean; remedy?: string } = {}) {
    const remedy = options.remedy ?? remedies[code]
    super(`${code}: ${fact}. ${remedy}`, options.cause === undefined ? {} : { cause: options.cause })
    this.code = code
    this.fact = fact
    this.remedy = remedy
    this.retriable = options.retriable ?? false
  }
}

/** Whether offsets that were to be read are not in the log. */
export const isGap = (error: unknown): error is ClosebellError =>
  error instanceof ClosebellError && error.code === 'CB_BUS_GAP'
