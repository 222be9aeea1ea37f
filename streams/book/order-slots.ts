/**
 * Memory of a partition's live orders: a cache line an order, in chunks that never move. A slot that is given up is the
 * first to be given out again, so what is alive lies together and what was used last is used next.
 */

const Field = {
  id: 0,
  /** ((row * 256) + channel) * 2 + side, plus 1; 0 marks an empty slot. */
  owner: 1,
  limitPrice: 2,
  /** Original quantity: own fills before the A row plus its quantity, or the quantity of a SZSE order. */
  original: 3,
  filledQuantity: 4,
  filledAmount: 5,
  activeAmount: 6,
  /** hasRow | hasLimit << 1 | originalKnown << 2 | (bucket + 1) << 3 */
  state: 7,
} as const
/** Fields of a slot. Its own name is a constant to the compiler, an exported one is read and checked at each use. */
export const OrderField = Field

const stride = 8
const chunkBits = 14
const chunkSlots = 1 << chunkBits

export class OrderSlots {
  private readonly chunks: Float64Array[] = []
  /** Slots that were ever in use. */
  private top = 0
  /** The slot given up last, plus 1; each holds the one before it in the place of its id. */
  private free = 0

  get bytes(): number {
    return this.chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  /** The chunk that a slot lies in. */
  chunkOf(slot: number): Float64Array {
    return this.chunks[slot >> chunkBits]
  }

  /** Offset of a slot in its chunk. */
  offsetOf(slot: number): number {
    return (slot & (chunkSlots - 1)) * stride
  }

  /** A slot, all zero. */
  take(): number {
    if (this.free === 0) {
      if (this.top === this.chunks.length * chunkSlots) this.chunks.push(memoryOf(chunkSlots))
      return this.top++
    }
    const slot = this.free - 1
    const chunk = this.chunkOf(slot)
    const at = this.offsetOf(slot)
    this.free = chunk[at] | 0
    chunk[at] = 0
    return slot
  }

  giveUp(slot: number): void {
    const chunk = this.chunkOf(slot)
    const at = this.offsetOf(slot)
    for (let field = 1; field < stride; field++) chunk[at + field] = 0
    chunk[at] = this.free
    this.free = slot + 1
  }

  /** Calls back for each slot that holds an order. */
  forEach(call: (slot: number, chunk: Float64Array, at: number) => void): void {
    for (let slot = 0; slot < this.top; slot++) {
      const chunk = this.chunkOf(slot)
      const at = this.offsetOf(slot)
      if (chunk[at + Field.owner] !== 0) call(slot, chunk, at)
    }
  }

  /** The slots that hold an order, one after another. */
  save(count: number): Float64Array {
    const out = new Float64Array(count * stride)
    let to = 0
    this.forEach((_, chunk, at) => {
      for (let field = 0; field < stride; field++) out[to++] = chunk[at + field]
    })
    return out
  }

  static restore(saved: Float64Array): OrderSlots {
    const slots = new OrderSlots()
    for (let from = 0; from < saved.length; from += stride) {
      const slot = slots.take()
      slots.chunkOf(slot).set(saved.subarray(from, from + stride), slots.offsetOf(slot))
    }
    return slots
  }
}

/**
 * Memory for so many orders. It is shared memory, though nobody shares it: the collector counts other buffers as its
 * own and would begin a collection for each few chunks.
 */
const memoryOf = (slots: number): Float64Array =>
  new Float64Array(new SharedArrayBuffer(slots * stride * Float64Array.BYTES_PER_ELEMENT))
