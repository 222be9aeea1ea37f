/**
 * Orders of a partition's day, keyed by (instrument row, channel, side, order id): open addressing with linear probing
 * over one Float64Array, a cache line an order. A finished order is removed, so the table holds what is alive.
 */

/** Fields of a slot. */
export const OrderField = {
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

const stride = 8
export const channelsMax = 256

export class OrderTable {
  /** Slots; valid until the next `find`, which may grow the table. */
  slots: Float64Array
  private capacity: number
  private used = 0

  constructor(capacity = 1 << 12) {
    this.capacity = capacity
    this.slots = new Float64Array(capacity * stride)
  }

  get size(): number {
    return this.used
  }

  /** Offset of the order's slot, made when it is new. `side`: 0 buy, 1 sell. */
  find(row: number, channel: number, side: number, id: number): number {
    if (channel >= channelsMax) throw new RangeError(`more than ${channelsMax} tick channels on one partition`)
    if (this.used * 2 >= this.capacity) this.grow()
    const owner = (row * channelsMax + channel) * 2 + side + 1
    const slots = this.slots
    const mask = this.capacity - 1
    let index = hash(owner, id) & mask
    for (;;) {
      const at = index * stride
      const holder = slots[at + OrderField.owner]
      if (holder === owner && slots[at] === id) return at
      if (holder === 0) {
        slots[at] = id
        slots[at + OrderField.owner] = owner
        this.used++
        return at
      }
      index = (index + 1) & mask
    }
  }

  /** Forgets a finished order; shifts the followers of its cluster back, so that no tombstone is left. */
  remove(at: number): void {
    const slots = this.slots
    const mask = this.capacity - 1
    let hole = at / stride
    let index = hole
    for (;;) {
      index = (index + 1) & mask
      const from = index * stride
      const owner = slots[from + OrderField.owner]
      if (owner === 0) break
      const home = hash(owner, slots[from]) & mask
      const reachable = hole <= index ? home <= hole || home > index : home <= hole && home > index
      if (reachable) {
        slots.copyWithin(hole * stride, from, from + stride)
        hole = index
      }
    }
    slots.fill(0, hole * stride, hole * stride + stride)
    this.used--
  }

  private grow(): void {
    const old = this.slots
    this.capacity *= 2
    this.slots = new Float64Array(this.capacity * stride)
    const mask = this.capacity - 1
    for (let from = 0; from < old.length; from += stride) {
      if (old[from + OrderField.owner] === 0) continue
      let index = hash(old[from + OrderField.owner], old[from]) & mask
      while (this.slots[index * stride + OrderField.owner] !== 0) index = (index + 1) & mask
      this.slots.set(old.subarray(from, from + stride), index * stride)
    }
  }

  /** The live slots, one after another. */
  save(): Float64Array {
    const out = new Float64Array(this.used * stride)
    let to = 0
    for (let from = 0; from < this.slots.length; from += stride) {
      if (this.slots[from + OrderField.owner] === 0) continue
      out.set(this.slots.subarray(from, from + stride), to)
      to += stride
    }
    return out
  }

  static restore(saved: Float64Array): OrderTable {
    let capacity = 1 << 12
    while (capacity * stride < saved.length * 2 + stride) capacity *= 2
    const table = new OrderTable(capacity)
    const mask = capacity - 1
    for (let from = 0; from < saved.length; from += stride) {
      let index = hash(saved[from + OrderField.owner], saved[from]) & mask
      while (table.slots[index * stride + OrderField.owner] !== 0) index = (index + 1) & mask
      table.slots.set(saved.subarray(from, from + stride), index * stride)
    }
    table.used = saved.length / stride
    return table
  }
}

/** Ids are dense per channel: a multiplicative hash of the low and high words spreads them. */
function hash(owner: number, id: number): number {
  const low = id | 0
  const high = (id / 4294967296) | 0
  let h = Math.imul(low ^ Math.imul(owner, 0x9e3779b1), 0x85ebca6b) ^ Math.imul(high, 0xc2b2ae35)
  h ^= h >>> 15
  h = Math.imul(h, 0x2c1b3c6d)
  return (h ^ (h >>> 13)) >>> 0
}
