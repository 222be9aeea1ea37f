/** Rooms come in steps, so that one that is given back fits the next batch of about that size. */
const step = 1 << 14
/** So many wait to be used again. */
const waitingMax = 64

/**
 * Memory for the columns of decoded batches. A batch that is done gives its room back and the next one takes it: fresh
 * memory costs more than filling it, since the system clears each page.
 */
export class ColumnRoom {
  private readonly waiting: ArrayBuffer[] = []

  /** At least `size` bytes, as they were left. */
  take(size: number): ArrayBuffer {
    for (let i = this.waiting.length - 1; i >= 0; i--) {
      const buffer = this.waiting[i]
      if (buffer.byteLength < size || buffer.byteLength > 2 * size + step) continue
      this.waiting[i] = this.waiting[this.waiting.length - 1]
      this.waiting.pop()
      return buffer
    }
    return Buffer.allocUnsafeSlow(Math.ceil(size / step) * step).buffer
  }

  /** The room of a batch that nobody looks at any more. */
  giveBack(buffer: ArrayBuffer): void {
    if (this.waiting.length < waitingMax) this.waiting.push(buffer)
  }
}
