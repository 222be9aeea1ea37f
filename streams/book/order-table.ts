/**
 * Orders of a partition's day, keyed by (instrument row, channel, side, order id): open addressing over one
 * Float64Array, a cache line an order. A finished order is removed, so the table holds what is alive.
 *
 * Ids of a channel are dense and what happens to an order happens mostly soon, so neighbours in number are neighbours
 * in memory: the low bits of an id are its lane in a block of 4 KiB, only the block is hashed, and probing goes from
 * block to block in the same lane. Where ids are not like that (each instrument counts its own, or all are multiples of
 * something) lanes crowd; the table then hashes the whole key instead.
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
  /** hasRow | hasLimit << 1 | originalKnown << 2 | (bucket + 1) << 3 | passed */
  state: 7,
} as const

const stride = 8
/** Bit of the state: some order was put behind this slot because the slot was taken. */
const passed = 64
export const channelsMax = 256
/** Slots of a block: a page of memory. */
const lanes = 64
/** So many that a lane of it never fills up by chance. */
const firstCapacity = 1 << 14
/** The table grows when so much of it is taken: fuller, an order stands too far from where it belongs. */
const fullest = 0.75
/** A hash that spreads keys evenly never probes so far in a table that is no fuller. */
const probesMax = 1024

/** Owner of an order, as its slot keeps it. `side`: 0 buy, 1 sell. */
export const ownerOf = (row: number, channel: number, side: number): number =>
  (row * channelsMax + channel) * 2 + side + 1

export class OrderTable {
  /** Slots; valid until the next `find`, which may grow the table. */
  slots: Float64Array
  private capacity: number
  private used = 0
  /** Whether the whole key is hashed. */
  private isSpread = false

  constructor(capacity = firstCapacity) {
    this.capacity = Math.max(lanes, capacity)
    this.slots = new Float64Array(this.capacity * stride)
  }

  get size(): number {
    return this.used
  }

  /** Offset of the slot of order `ids[i]`, made when it is new: an id by its place, since a number may need memory. */
  find(owner: number, ids: Float64Array, i: number): number {
    if (this.used >= this.capacity * fullest) this.rebuild(this.capacity * 2)
    for (;;) {
      const slots = this.slots
      const id = ids[i]
      const mask = this.capacity - 1
      let index = this.home(owner, id) & mask
      for (let probe = 0; probe < probesMax; probe++) {
        const at = index * stride
        const holder = slots[at + OrderField.owner]
        if (holder === owner && slots[at] === id) return at
        if (holder === 0) {
          slots[at] = id
          slots[at + OrderField.owner] = owner
          this.used++
          return at
        }
        slots[at + OrderField.state] = slots[at + OrderField.state] | passed
        index = (index + lanes) & mask
      }
      this.relieve()
    }
  }

  /**
   * Looks at where an order would stand, so that its memory is on the way when the order is found: the looks of several
   * orders wait together, while finds wait one after another. The sum means nothing.
   */
  touch(owner: number, ids: Float64Array, i: number): number {
    return this.slots[(this.home(owner, ids[i]) & (this.capacity - 1)) * stride + OrderField.owner]
  }

  /** Forgets a finished order; shifts the followers of its cluster back, so that no tombstone is left. */
  remove(at: number): void {
    const { slots } = this
    let hole = at / stride
    if ((slots[at + OrderField.state] & passed) !== 0) hole = this.shiftBack(hole)
    for (let field = 0; field < stride; field++) slots[hole * stride + field] = 0
    this.used--
  }

  /** @returns the slot that is left over */
  private shiftBack(start: number): number {
    const { slots } = this
    const mask = this.capacity - 1
    let hole = start
    let index = start
    for (;;) {
      index = (index + lanes) & mask
      const from = index * stride
      const owner = slots[from + OrderField.owner]
      if (owner === 0 || index === start) return hole
      const home = this.home(owner, slots[from]) & mask
      // Distances along the lane, from where the follower belongs.
      if (((hole - home) & mask) < ((index - home) & mask)) {
        for (let field = 0; field < stride; field++) slots[hole * stride + field] = slots[from + field]
        slots[hole * stride + OrderField.state] = slots[hole * stride + OrderField.state] | passed
        hole = index
      }
    }
  }

  /** A lane is too full: keys are not as they were taken for, or the table is too small. */
  private relieve(old = this.slots): void {
    const capacity = this.isSpread ? this.capacity * 2 : this.capacity
    this.isSpread = true
    this.rebuild(capacity, old)
  }

  private rebuild(capacity: number, old = this.slots): void {
    this.capacity = capacity
    this.slots = new Float64Array(capacity * stride)
    for (let from = 0; from < old.length; from += stride) {
      if (old[from + OrderField.owner] !== 0 && !this.enter(old, from)) return this.relieve(old)
    }
  }

  /** Copies a slot into the table, which does not hold its key; false when there is no room near its place. */
  private enter(old: Float64Array, from: number): boolean {
    const { slots } = this
    const mask = this.capacity - 1
    let index = this.home(old[from + OrderField.owner], old[from]) & mask
    for (let probe = 0; probe < probesMax; probe++) {
      const at = index * stride
      if (slots[at + OrderField.owner] === 0) {
        for (let field = 0; field < stride; field++) slots[at + field] = old[from + field]
        slots[at + OrderField.state] = slots[at + OrderField.state] & ~passed
        return true
      }
      slots[at + OrderField.state] = slots[at + OrderField.state] | passed
      index = (index + lanes) & mask
    }
    return false
  }

  /** Where a key belongs, before the mask. */
  private home(owner: number, id: number): number {
    const low = id | 0
    const high = (id / 4294967296) | 0
    if (this.isSpread) return hash(low ^ Math.imul(owner, 0x9e3779b1), high)
    const channel = (owner - 1) >> 1
    return (
      ((hash((low >>> 6) ^ Math.imul(channel & (channelsMax - 1), 0x9e3779b1), high) << 6) | (low & (lanes - 1))) >>> 0
    )
  }

  /** The live slots, one after another. */
  save(): Float64Array {
    const out = new Float64Array(this.used * stride)
    let to = 0
    for (let from = 0; from < this.slots.length; from += stride) {
      if (this.slots[from + OrderField.owner] === 0) continue
      for (let field = 0; field < stride; field++) out[to++] = this.slots[from + field]
    }
    return out
  }

  static restore(saved: Float64Array): OrderTable {
    let capacity = firstCapacity
    while (saved.length >= capacity * stride * fullest) capacity *= 2
    const table = new OrderTable()
    table.used = saved.length / stride
    table.rebuild(capacity, saved)
    return table
  }
}

/** Spreads two words over 32 bits. */
function hash(low: number, high: number): number {
  let h = Math.imul(low, 0x85ebca6b) ^ Math.imul(high, 0xc2b2ae35)
  h ^= h >>> 15
  h = Math.imul(h, 0x2c1b3c6d)
  return (h ^ (h >>> 13)) >>> 0
}
