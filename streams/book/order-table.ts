/**
 * Orders of a partition's day, keyed by (instrument row, channel, side, order id): open addressing over Float64Arrays,
 * a cache line an order. A finished order is removed, so the table holds what is alive.
 *
 * Ids of a channel are dense and what happens to an order happens mostly soon, so neighbours in number are neighbours
 * in memory: the low bits of an id are its lane in a block of 4 KiB, only the block is hashed, and probing goes from
 * block to block in the same lane. Where ids are not like that (each instrument counts its own, or all are multiples of
 * something) lanes crowd; the table then hashes the whole key instead.
 *
 * A small table doubles. A large one is made of segments and grows by one at a time, whose orders another gives up, so
 * that no event waits for millions of orders to move and a table is never in memory twice.
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
  /** hasRow | hasLimit << 1 | originalKnown << 2 | (bucket + 1) << 3 | passed */
  state: 7,
} as const
/** Fields of a slot. Its own name is a constant to the compiler, an exported one is read and checked at each use. */
export const OrderField = Field

const stride = 8
/** Bit of the state: some order was put behind this slot because the slot was taken. */
const passed = 64
const channels = 256
export const channelsMax = channels
/** Slots of a block: a page of memory. */
const lanes = 64
const firstCapacity = 1 << 12
const segmentBits = 16
const segmentSlots = 1 << segmentBits
/** A small table is half full at most: its lanes are short, and some of them fuller than others. */
const smallFullest = 0.5
/** While segments are as many as a power of two they fill up so far; then each is split in turn, until this. */
const splitsFrom = 0.6
const splitsTo = 0.75

/** Owner of an order, as its slot keeps it. `side`: 0 buy, 1 sell. */
export const ownerOf = (row: number, channel: number, side: number): number => (row * channels + channel) * 2 + side + 1

export class OrderTable {
  private segments: Float64Array[]
  /** Of the order that was found last. */
  private segment = 0
  /** Slots of a segment less one. */
  private mask: number
  /** Of a hash, the bits that tell segments apart; those of the last power of two for segments not yet split. */
  private upper = 1
  private used = 0
  /** Orders with which the table grows. */
  private limit = 0
  /** Where the orders of a segment wait while it is split. */
  private moving: Float64Array = new Float64Array(0)
  /** Whether the whole key is hashed. */
  private isSpread = false

  constructor(capacity = firstCapacity) {
    const slots = Math.max(lanes, capacity)
    this.segments = [segmentOf(slots)]
    this.mask = slots - 1
    this.setLimit()
  }

  /** Slots of the segment that the last order was found in; valid until the next `find`. */
  get slots(): Float64Array {
    return this.segments[this.segment]
  }

  get size(): number {
    return this.used
  }

  get bytes(): number {
    return this.segments.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  /** Offset of the slot of order `ids[i]`, made when it is new: an id by its place, since a number may need memory. */
  find(owner: number, ids: Float64Array, i: number): number {
    if (this.used >= this.limit) this.grow()
    for (;;) {
      const id = ids[i]
      const home = this.home(owner, id)
      const segment = this.segmentAt(home)
      const slots = this.segments[segment]
      const { mask } = this
      this.segment = segment
      let index = home & mask
      for (let probe = 0; probe <= mask; probe += lanes) {
        const at = index * stride
        const holder = slots[at + Field.owner]
        if (holder === owner && slots[at] === id) return at
        if (holder === 0) {
          slots[at] = id
          slots[at + Field.owner] = owner
          this.used++
          return at
        }
        slots[at + Field.state] = slots[at + Field.state] | passed
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
    const home = this.home(owner, ids[i])
    return this.segments[this.segmentAt(home)][(home & this.mask) * stride + Field.owner]
  }

  /** Forgets a finished order; shifts the followers of its cluster back, so that no tombstone is left. */
  remove(at: number): void {
    const { slots } = this
    let hole = at / stride
    if ((slots[at + Field.state] & passed) !== 0) hole = this.shiftBack(hole)
    for (let field = 0; field < stride; field++) slots[hole * stride + field] = 0
    this.used--
  }

  /** @returns the slot that is left over */
  private shiftBack(start: number): number {
    const { slots, mask } = this
    let hole = start
    let index = start
    for (;;) {
      index = (index + lanes) & mask
      const from = index * stride
      const owner = slots[from + Field.owner]
      if (owner === 0 || index === start) return hole
      const home = this.home(owner | 0, slots[from]) & mask
      // Distances along the lane, from where the follower belongs.
      if (((hole - home) & mask) < ((index - home) & mask)) {
        for (let field = 0; field < stride; field++) slots[hole * stride + field] = slots[from + field]
        slots[hole * stride + Field.state] = slots[hole * stride + Field.state] | passed
        hole = index
      }
    }
  }

  private segmentAt(home: number): number {
    const segment = (home >>> segmentBits) & this.upper
    return segment < this.segments.length ? segment : segment & (this.upper >>> 1)
  }

  private setLimit(): void {
    const count = this.segments.length
    const whole = (this.upper + 1) >>> 1
    this.limit = Math.floor(
      this.mask + 1 < segmentSlots
        ? smallFullest * (this.mask + 1)
        : (splitsFrom * whole + (splitsTo - splitsFrom) * (count - whole)) * segmentSlots,
    )
  }

  private grow(): void {
    if (this.mask + 1 < segmentSlots) {
      const live = this.save()
      this.double()
      this.lay(live)
    } else this.split()
  }

  private double(): void {
    this.mask = 2 * this.mask + 1
    this.segments = [segmentOf(this.mask + 1)]
    this.segment = 0
    this.setLimit()
  }

  private add(): void {
    if (this.segments.push(segmentOf(segmentSlots)) > this.upper) this.upper = 2 * this.upper + 1
    this.setLimit()
  }

  /** The next segment in turn keeps about half of its orders; the others go to a new one. */
  private split(): void {
    const from = this.segments[this.segments.length - ((this.upper + 1) >>> 1)]
    if (this.moving.length === 0) this.moving = segmentOf(segmentSlots)
    const { moving } = this
    const live = copyLive(from, moving, 0)
    from.fill(0)
    this.add()
    // A lane that held them all has room for some of them.
    for (let at = 0; at < live; at += stride) this.enter(moving, at)
  }

  /** A lane is full: keys are not as they were taken for, or the table is too small. */
  private relieve(): void {
    const live = this.save()
    this.widen()
    this.lay(live)
  }

  private widen(): void {
    if (!this.isSpread) this.isSpread = true
    else if (this.mask + 1 < segmentSlots) this.double()
    else this.add()
  }

  /** Puts orders into the table in place of what it holds, and makes it as large as they need. */
  private lay(live: Float64Array): void {
    for (const slots of this.segments) slots.fill(0)
    for (let from = 0; from < live.length; from += stride) {
      if (this.enter(live, from)) continue
      this.widen()
      return this.lay(live)
    }
  }

  /** Copies a slot into the table, which does not hold its key; false when its lane is full. */
  private enter(live: Float64Array, from: number): boolean {
    const home = this.home(live[from + Field.owner] | 0, live[from])
    const slots = this.segments[this.segmentAt(home)]
    const { mask } = this
    let index = home & mask
    for (let probe = 0; probe <= mask; probe += lanes) {
      const at = index * stride
      if (slots[at + Field.owner] === 0) {
        for (let field = 0; field < stride; field++) slots[at + field] = live[from + field]
        slots[at + Field.state] = slots[at + Field.state] & ~passed
        return true
      }
      slots[at + Field.state] = slots[at + Field.state] | passed
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
      ((hash((low >>> 6) ^ Math.imul(channel & (channels - 1), 0x9e3779b1), high) << 6) | (low & (lanes - 1))) >>> 0
    )
  }

  /** The live slots, one after another. */
  save(): Float64Array {
    const out = new Float64Array(this.used * stride)
    let to = 0
    for (const slots of this.segments) to = copyLive(slots, out, to)
    return out
  }

  static restore(saved: Float64Array): OrderTable {
    const table = new OrderTable()
    table.used = saved.length / stride
    while (table.used >= table.limit) {
      if (table.mask + 1 < segmentSlots) table.double()
      else table.add()
    }
    table.lay(saved)
    return table
  }
}

/**
 * Memory for so many orders. It is shared memory, though nobody shares it: the collector counts other buffers as its
 * own and would begin a collection for each few segments.
 */
const segmentOf = (slots: number): Float64Array =>
  new Float64Array(new SharedArrayBuffer(slots * stride * Float64Array.BYTES_PER_ELEMENT))

/** Copies the slots that hold an order to `to` and behind. @returns where they end */
function copyLive(slots: Float64Array, out: Float64Array, to: number): number {
  let end = to
  for (let from = 0; from < slots.length; from += stride) {
    if (slots[from + Field.owner] === 0) continue
    for (let field = 0; field < stride; field++) out[end++] = slots[from + field]
  }
  return end
}

/** Spreads two words over 32 bits. */
const hash = (low: number, high: number): number => {
  let h = Math.imul(low, 0x85ebca6b) ^ Math.imul(high, 0xc2b2ae35)
  h ^= h >>> 15
  h = Math.imul(h, 0x2c1b3c6d)
  return (h ^ (h >>> 13)) >>> 0
}
