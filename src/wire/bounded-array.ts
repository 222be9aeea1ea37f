import avro from 'avsc'

/** What avsc reads from; its pinned version has no types for what is inside. */
export interface Tap {
  readonly buf: Uint8Array
  pos: number
  readLong(): number
  skipLong(): void
}

interface Readable {
  _read(tap: Tap): unknown
}

/** An array lists at most so many symbols, names or hashes: each becomes a value of many times its bytes. */
const itemsMax = 1 << 16

/**
 * avsc reads as many items as a count promises and only then looks whether the bytes were there: five bytes keep it
 * busy for ever. Each item of ours takes a byte at least, so what is left bounds the count.
 */
export class BoundedArrayType extends avro.types.ArrayType implements Readable {
  _read(tap: Tap): unknown[] {
    const values: unknown[] = []
    for (let count = tap.readLong(); count !== 0; count = tap.readLong()) {
      if (count < 0) {
        count = -count
        tap.skipLong()
      }
      if (!(count <= tap.buf.length - tap.pos) || values.length + count > itemsMax) {
        throw new RangeError(`an array of ${values.length + count} items in ${tap.buf.length} bytes`)
      }
      while (count-- > 0) values.push(this.readItem(tap))
    }
    return values
  }

  protected readItem(tap: Tap): unknown {
    return (this.itemsType as unknown as Readable)._read(tap)
  }
}
