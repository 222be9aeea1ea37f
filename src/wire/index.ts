import * as day from '../../schemas/day.ts'
import { ClosebellError } from '../../schemas/errors.ts'
import * as market from '../../schemas/market.ts'
import type { RecordSchema } from '../../schemas/record.ts'
import * as rows from '../../schemas/rows.ts'
import { makeCodec, type Codec } from './codec.ts'
import type { ColumnRoom } from './column-room.ts'

export { asBytes, publishedSchema, sha256, type Codec } from './codec.ts'
export { ColumnRoom } from './column-room.ts'

/** A codec of every record of the wire, by the name of its schema constant. */
export const codecs = {
  tickBatch: makeCodec(market.tickBatch),
  bookBatch: makeCodec(market.bookBatch),
  dayOpened: makeCodec(market.dayOpened),
  reference: makeCodec(market.reference),
  chainEnded: makeCodec(market.chainEnded),
  chainLost: makeCodec(market.chainLost),
  deadline: makeCodec(market.deadline),
  correction: makeCodec(market.correction),
  minuteRows: makeCodec(rows.minuteRows),
  dayRow: makeCodec(rows.dayRow),
  partitionClosed: makeCodec(rows.partitionClosed),
  input: makeCodec(day.input),
  panel: makeCodec(day.panel),
  job: makeCodec(day.job),
  result: makeCodec(day.result),
  factor: makeCodec(day.factor),
  mlC: makeCodec(day.mlC),
  completed: makeCodec(day.completed),
  quarantined: makeCodec(day.quarantined),
  late: makeCodec(day.late),
  status: makeCodec(day.status),
}

type ValueOf<C> = C extends Codec<infer T> ? T : never

/** A decoded message: its kind (the name of its codec) and its value. */
export type Message = {
  [K in keyof typeof codecs]: { readonly kind: K; readonly value: ValueOf<(typeof codecs)[K]> }
}[keyof typeof codecs]

const byFingerprint = new Map<string, keyof typeof codecs>(
  Object.entries(codecs).flatMap(([kind, codec]) =>
    [codec.fingerprint, ...codec.earlier].map((fingerprint) => [fingerprint, kind as keyof typeof codecs] as const),
  ),
)

const isFramed = (bytes: Uint8Array): boolean => bytes.byteLength >= 10 && bytes[0] === 0xc3 && bytes[1] === 0x01

const fingerprintIn = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset + 2, 8).toString('hex')

/** Kind of a message without decoding it; null for what is no message of ours. */
export const kindOf = (bytes: Uint8Array): keyof typeof codecs | null =>
  isFramed(bytes) ? (byFingerprint.get(fingerprintIn(bytes)) ?? null) : null

/**
 * Decodes a message of any kind.
 * @param room where columns are put; without one they get memory of their own
 * @throws ClosebellError CB_WIRE_* with what is wrong
 */
export function decode(bytes: Uint8Array, room?: ColumnRoom): Message {
  if (!isFramed(bytes)) {
    throw new ClosebellError('CB_WIRE_MAGIC', `a message of ${bytes.byteLength} bytes does not begin with C3 01`)
  }
  const fingerprint = fingerprintIn(bytes)
  const kind = byFingerprint.get(fingerprint)
  if (kind === undefined) throw new ClosebellError('CB_WIRE_SCHEMA', `no schema has fingerprint ${fingerprint}`)
  return { kind, value: codecs[kind].decode(bytes, room) } as Message
}

/** Every record schema with its name, for schemas/published and its test. */
export const allSchemas: readonly RecordSchema<object>[] = [market, rows, day].flatMap((module) =>
  Object.values(module).filter(
    (value): value is RecordSchema<object> => typeof value === 'object' && value !== null && 'namespace' in value,
  ),
)
