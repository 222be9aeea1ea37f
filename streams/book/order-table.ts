import { OrderField, OrderSlots } from './order-slots.ts'

/**
 * Orders of a partition's day, keyed by (instrument row, channel, side, order id): open addressing over the slots of
 * what is alive. An entry is two words, where the key belongs and its slot, so that a search passes over what is not
 * asked for without looking at its slot.
 *
 * Ids of a channel are dense and what happens to an order happens mostly soon, so neighbours in number are neighbours
 * in memory: the low bits of an id are its lane in a block, only the block is hashed, and probing goes from block to
 * block in the same lane. Where ids are not like that (each instrument counts its own, or all are multiples of
 * something) lanes crowd; the table then hashes the whole key instead.
 *
 * A small table doubles. A large one is made of segments and grows by one at a time, whose entries another gives up, so
 * that no event waits for millions of orders to be entered anew and a table is never in memory twice.
 */

/** Fields of an entry. */
const entryStride = 2
/** Where the key belongs, before the mask. */
const entryHome = 0
/** The slot plus 1; negative where some entry was put behind this one because it was taken. */
const entrySlot = 1
const passed = 1 << 31
const slotBits = ~passed

const channels = 256
export const channelsMax = channels
/** Entries of a block: eight lines of memory. */
const lanes = 64
const firstCapacity = 1 << 12
const segmentBits = 16
const segmentEntries = 1 << segmentBits
/** A small table is half full at most: its lanes are short, and some of them fuller than others. */
const smallFullest = 0.5
/** While segments are as many as a power of two they fill up so far; then each is split in turn, until this. */
const splitsFrom = 0.5
const splitsTo = 0.6

/** Fields of a slot that make its key. */
const { id: idField, owner: ownerField } = OrderField

/** Owner of an order, as its slot keeps it. `side`: 0 buy, 1 sell. */
export const ownerOf = (row: number, channel: number, side: number): number => (row * channels + channel) * 2 + side + 1

export class OrderTable {
  readonly orders: OrderSlots
  private segments: Int32Array[]
  /** Entries of a segment less one. */
  private mask: number
  /** Of a hash, the bits that tell segments apart; those of the last power of two for segments not yet split. */
  private upper = 1
  private used = 0
  /** Orders with which the table grows. */
  private limit = 0
  /** Where the entries of a segment wait while it is split. */
  private moving: Int32Array = new Int32Array(0)
  /** Whether the whole key is hashed. */
  private isSpread = false

  constructor(capacity = firstCapacity, orders = new OrderSlots()) {
    const entries = Math.max(lanes, capacity)
    this.orders = orders
    this.segments = [memoryOf(entries)]
    this.mask = entries - 1
    this.setLimit()
  }

  get size(): number {
    return this.used
  }

  get bytes(): number {
    return this.segments.reduce((sum, { byteLength }) => sum + byteLength, this.orders.bytes)
  }

  /** Slot of order `ids[i]`, made when it is new: an id by its place, since a number may need memory. */
  find(owner: number, ids: Float64Array, i: number): number {
    for (;;) {
      const slot = this.search(this.home(owner, ids[i]), owner, ids, i)
      if (slot >= 0) return slot
      if (this.used >= this.limit) this.grow()
      else this.relieve()
    }
  }

  /** Slot of an order, -1 when it is new and its lane or the table is full. */
  private search(home: number, owner: number, ids: Float64Array, i: number): number {
    const { mask, orders } = this
    const entries = this.segments[this.segmentAt(home)]
    let index = home & mask
    for (let probe = 0; probe <= mask; probe += lanes) {
      const at = index * entryStride
      const word = entries[at + entrySlot]
      if (word === 0) {
        if (this.used >= this.limit) return -1
        const slot = this.make(owner, ids, i)
        entries[at + entryHome] = home
        entries[at + entrySlot] = slot + 1
        return slot
      }
      if (entries[at + entryHome] === home) {
        const slot = (word & slotBits) - 1
        const chunk = orders.chunkOf(slot)
        const offset = orders.offsetOf(slot)
        if (chunk[offset + idField] === ids[i] && chunk[offset + ownerField] === owner) return slot
      }
      if (word > 0) entries[at + entrySlot] = word | passed
      index = (index + lanes) & mask
    }
    return -1
  }

  private make(owner: number, ids: Float64Array, i: number): number {
    const { orders } = this
    const slot = orders.take()
    const chunk = orders.chunkOf(slot)
    const offset = orders.offsetOf(slot)
    chunk[offset + idField] = ids[i]
    chunk[offset + ownerField] = owner
    this.used++
    return slot
  }

  /** Forgets the order in a slot; shifts the followers of its cluster back, so that no tombstone is left. */
  remove(slot: number): void {
    const { mask, orders } = this
    const chunk = orders.chunkOf(slot)
    const offset = orders.offsetOf(slot)
    const home = this.home(chunk[offset + ownerField] | 0, chunk[offset + idField])
    const entries = this.segments[this.segmentAt(home)]
    let index = home & mask
    while ((entries[index * entryStride + entrySlot] & slotBits) !== slot + 1) index = (index + lanes) & mask
    if (entries[index * entryStride + entrySlot] < 0) index = this.shiftBack(entries, index)
    entries[index * entryStride + entryHome] = 0
    entries[index * entryStride + entrySlot] = 0
    orders.giveUp(slot)
    this.used--
  }

  /** @returns the entry that is left over */
  private shiftBack(entries: Int32Array, start: number): number {
    const { mask } = this
    let hole = start
    let index = start
    for (;;) {
      index = (index + lanes) & mask
      const from = index * entryStride
      const word = entries[from + entrySlot]
      if (word === 0 || index === start) return hole
      const home = entries[from + entryHome]
      // Distances along the lane, from where the follower belongs.
      if (((hole - home) & mask) < ((index - home) & mask)) {
        entries[hole * entryStride + entryHome] = home
        entries[hole * entryStride + entrySlot] = word | passed
        hole = index
      }
    }
  }

  /** Without a branch, which would be taken as often as not. */
  private segmentAt(home: number): number {
    const { upper } = this
    const segment = (home >>> segmentBits) & upper
    const isAbsent = (this.segments.length - 1 - segment) >> 31
    return segment & (upper >>> (isAbsent & 1))
  }

  private setLimit(): void {
    const count = this.segments.length
    const whole = (this.upper + 1) >>> 1
    this.limit = Math.floor(
      this.mask + 1 < segmentEntries
        ? smallFullest * (this.mask + 1)
        : (splitsFrom * whole + (splitsTo - splitsFrom) * (count - whole)) * segmentEntries,
    )
  }

  private grow(): void {
    if (this.mask + 1 >= segmentEntries) return this.split()
    const [from] = this.segments
    this.double()
    if (!this.enterAll(from, from.length)) this.relieve()
  }

  private double(): void {
    this.mask = 2 * this.mask + 1
    this.segments = [memoryOf(this.mask + 1)]
    this.setLimit()
  }

  private add(): void {
    if (this.segments.push(memoryOf(segmentEntries)) > this.upper) this.upper = 2 * this.upper + 1
    this.setLimit()
  }

  /** The next segment in turn keeps about half of its orders; the others go to a new one. */
  private split(): void {
    const from = this.segments[this.segments.length - ((this.upper + 1) >>> 1)]
    if (this.moving.length === 0) this.moving = memoryOf(segmentEntries)
    this.moving.set(from)
    from.fill(0)
    this.add()
    // A lane that held them all has room for some of them.
    this.enterAll(this.moving, from.length)
  }

  private enterAll(entries: Int32Array, length: number): boolean {
    for (let at = 0; at < length; at += entryStride) {
      const word = entries[at + entrySlot]
      if (word !== 0 && !this.enter(entries[at + entryHome], word & slotBits)) return false
    }
    return true
  }

  /** Enters a slot that the table does not hold; false when its lane is full. */
  private enter(home: number, word: number): boolean {
    const entries = this.segments[this.segmentAt(home)]
    const { mask } = this
    let index = home & mask
    for (let probe = 0; probe <= mask; probe += lanes) {
      const at = index * entryStride
      if (entries[at + entrySlot] === 0) {
        entries[at + entryHome] = home
        entries[at + entrySlot] = word
        return true
      }
      entries[at + entrySlot] = entries[at + entrySlot] | passed
      index = (index + lanes) & mask
    }
    return false
  }

  /** A lane is full: keys are not as they were taken for, or the table is too small. */
  private relieve(): void {
    do this.widen()
    while (!this.enterOrders())
  }

  private widen(): void {
    if (!this.isSpread) this.isSpread = true
    else if (this.mask + 1 < segmentEntries) this.double()
    else this.add()
  }

  /** Enters all orders anew; false when a lane is full. */
  private enterOrders(): boolean {
    for (const entries of this.segments) entries.fill(0)
    let isWhole = true
    this.orders.forEach((slot, chunk, at) => {
      isWhole = isWhole && this.enter(this.home(chunk[at + ownerField] | 0, chunk[at + idField]), slot + 1)
    })
    return isWhole
  }

  /** Where a key belongs, before the mask. */
  private home(owner: number, id: number): number {
    const low = id | 0
    const high = id < 4294967296 ? 0 : (id / 4294967296) | 0
    if (this.isSpread) return hash(low ^ Math.imul(owner, 0x9e3779b1), high)
    const channel = (owner - 1) >> 1
    return (hash((low >>> 6) ^ Math.imul(channel & (channels - 1), 0x9e3779b1), high) << 6) | (low & (lanes - 1))
  }

  /** The live slots, one after another. */
  save(): Float64Array {
    return this.orders.save(this.used)
  }

  static restore(saved: Float64Array): OrderTable {
    const used = saved.length / Object.keys(OrderField).length
    const table = new OrderTable(firstCapacity, OrderSlots.restore(saved))
    table.used = used
    while (table.used >= table.limit) {
      if (table.mask + 1 < segmentEntries) table.double()
      else table.add()
    }
    if (!table.enterOrders()) table.relieve()
    return table
  }
}

/** Memory for so many entries, shared for the reason given at the slots. */
const memoryOf = (entries: number): Int32Array =>
  new Int32Array(new SharedArrayBuffer(entries * entryStride * Int32Array.BYTES_PER_ELEMENT))

/** Spreads two words over 32 bits. */
const hash = (low: number, high: number): number => {
  let h = Math.imul(low, 0x85ebca6b) ^ Math.imul(high, 0xc2b2ae35)
  h ^= h >>> 15
  h = Math.imul(h, 0x2c1b3c6d)
  return h ^ (h >>> 13)
}
