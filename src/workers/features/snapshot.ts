import { crc32 } from 'node:zlib'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { SavedChain, SavedDay } from '../../../streams/index.ts'
import type { Disk } from '../../ports/disk.ts'
import { asBytes, codecs } from '../../wire/index.ts'
import type { PastDay } from './partition-stream.ts'

/**
 * A snapshot is a local file {next offset, marks, pending events, accumulators, CRC} that saves time only: without it
 * the day is read again from the log. Layout: magic, length of the head, head as JSON, the parts one after another,
 * CRC.
 */
export interface Snapshot {
  readonly nextOffset: number
  readonly openedOffset: number
  readonly past: PastDay | null
  readonly day: SavedDay | null
}

/** What a snapshot must agree with before it is read. */
export interface SnapshotIdentity {
  readonly partition: number
  readonly sizing: string
  readonly codeVersion: string
  /** Bits are promised per major version of the JavaScript engine. */
  readonly engine: string
  readonly schemas: string
}

const magic = Buffer.from('CBSNAP1\n')

interface Head {
  readonly identity: SnapshotIdentity
  readonly nextOffset: number
  readonly openedOffset: number
  readonly past: PastDay | null
  readonly day: (Omit<SavedDay, 'arrays' | 'chains'> & { chains: SavedHeadChain[] }) | null
  readonly arrays: { readonly name: string; readonly bytes: number }[]
}

type SavedHeadChain = Omit<SavedChain, 'pending'> & {
  pending: { kind: 'ticks' | 'books'; offset: number; bytes: number; skip: number }[]
}

export function encodeSnapshot(identity: SnapshotIdentity, snapshot: Snapshot): Buffer {
  const parts: Uint8Array[] = []
  const { day } = snapshot
  const chains = day?.chains.map((chain) => ({
    ...chain,
    pending: chain.pending.map((batch) => {
      const bytes =
        batch.kind === 'ticks'
          ? codecs.tickBatch.encode(batch.batch as never)
          : codecs.bookBatch.encode(batch.batch as never)
      const skip = batch.skip ?? new Uint8Array(0)
      parts.push(bytes, skip)
      return { kind: batch.kind, offset: batch.offset, bytes: bytes.length, skip: skip.length }
    }),
  }))
  const arrays = Object.entries(day?.arrays ?? {}).map(([name, values]) => {
    parts.push(asBytes(values))
    return { name, bytes: values.byteLength }
  })
  const head: Head = {
    identity,
    nextOffset: snapshot.nextOffset,
    openedOffset: snapshot.openedOffset,
    past: snapshot.past,
    day:
      day === null
        ? null
        : {
            opened: day.opened,
            counts: day.counts,
            nextBar: day.nextBar,
            quality: day.quality,
            scales: day.scales,
            instruments: day.instruments,
            chains: chains ?? [],
          },
    arrays,
  }
  const json = Buffer.from(JSON.stringify(head))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  const body = Buffer.concat([magic, length, json, ...parts])
  const crc = Buffer.alloc(4)
  crc.writeUInt32LE(crc32(body))
  return Buffer.concat([body, crc])
}

/** @throws ClosebellError CB_SNAPSHOT when it is damaged or of another code, sizing or engine. */
export function decodeSnapshot(identity: SnapshotIdentity, bytes: Buffer): Snapshot {
  const body = bytes.subarray(0, Math.max(0, bytes.length - 4))
  if (bytes.length < magic.length + 8 || !body.subarray(0, magic.length).equals(magic)) {
    throw new ClosebellError('CB_SNAPSHOT', `a file of ${bytes.length} bytes is no snapshot`)
  }
  if (crc32(body) !== bytes.readUInt32LE(body.length))
    throw new ClosebellError('CB_SNAPSHOT', `checksum of ${bytes.length} bytes is wrong`)
  try {
    return readBody(identity, body)
  } catch (error) {
    if (error instanceof ClosebellError && error.code === 'CB_SNAPSHOT') throw error
    // Its bytes are as they were written: whoever wrote them did not write a snapshot.
    throw new ClosebellError('CB_SNAPSHOT', `its content is none: ${(error as Error).message}`, { cause: error })
  }
}

function readBody(identity: SnapshotIdentity, body: Buffer): Snapshot {
  const headEnd = magic.length + 4 + body.readUInt32LE(magic.length)
  const head = JSON.parse(body.subarray(magic.length + 4, headEnd).toString()) as Head
  for (const [key, value] of Object.entries(identity)) {
    const found = head.identity[key as keyof SnapshotIdentity]
    if (found !== value) throw new ClosebellError('CB_SNAPSHOT', `its ${key} is ${found}, here it is ${value}`)
  }
  let at = headEnd
  const next = (length: number): Buffer => {
    if (!(length >= 0 && length <= body.length - at)) throw new RangeError(`${length} bytes of ${body.length - at}`)
    return body.subarray(at, (at += length))
  }
  const chains = head.day?.chains.map((chain) => ({
    ...chain,
    pending: chain.pending.map((batch) => {
      const encoded = next(batch.bytes)
      const skip = batch.skip === 0 ? null : new Uint8Array(next(batch.skip))
      const decoded = batch.kind === 'ticks' ? codecs.tickBatch.decode(encoded) : codecs.bookBatch.decode(encoded)
      return { kind: batch.kind, batch: decoded, offset: batch.offset, skip, rows: new Int32Array(0) }
    }),
  }))
  const arrays = Object.fromEntries(
    head.arrays.map(({ name, bytes: length }) => [name, new Float64Array(new Uint8Array(next(length)).buffer)]),
  ) as SavedDay['arrays']
  const { nextOffset, openedOffset, past } = head
  return {
    nextOffset,
    openedOffset,
    past,
    day: head.day === null ? null : { ...head.day, chains: chains ?? [], arrays },
  }
}

/** Whether a file could not be written for want of space or of file handles, which come back. */
export const isShortage = (error: unknown): boolean =>
  ['ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE'].includes((error as NodeJS.ErrnoException).code ?? '')

/** Written beside its place, then renamed: a crash at any instant leaves the old snapshot or the new one. */
export async function writeSnapshot(disk: Disk, file: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${file}.${disk.owner}.tmp`
  await disk.write(temporary, bytes)
  await disk.rename(temporary, file)
}

/** The snapshot of a file, null when there is none. @throws ClosebellError CB_SNAPSHOT */
export async function readSnapshot(disk: Disk, file: string, identity: SnapshotIdentity): Promise<Snapshot | null> {
  const bytes = await disk.read(file)
  return bytes === null ? null : decodeSnapshot(identity, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
}
