/*
 * The in-memory pass of streams/ in C: merge, checks, order table, buckets, minute bars, accumulators. Same layout, same
 * algorithm, same arithmetic; test/bench/reduce.ts compares the accumulators bit by bit and the time in one run.
 *
 * twin INPUT OUTPUT: INPUT is written by test/bench/twin/input.ts; each line on stdin asks for a round, whose nanoseconds
 * go to stdout; at the end of stdin OUTPUT gets the accumulators of the last round.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef int32_t i32;
typedef uint32_t u32;
typedef uint8_t u8;

enum { ACC = 84, BAR = 8, SLOT = 8, LANES = 64, EDGES = 3, LEVELS = 10, QUEUE = 4096, CHAINS = 64 };
enum { CHUNK_BITS = 16, CHUNK = 1 << CHUNK_BITS, SEGMENT_BITS = 16, SEGMENT = 1 << SEGMENT_BITS, MOST = 4096 };
/* Fields of an accumulator row, as in streams/accumulators.ts. */
enum {
  A_priceScale = 0, A_quantityScale = 1, A_volume = 2, A_amount = 3, A_trades = 4, A_open = 5, A_high = 6, A_low = 7,
  A_last = 8, A_edgeVolume = 9, A_buy = 10, A_sell = 14, A_actBuy = 18, A_actSell = 22, A_nBuy = 26, A_nSell = 30,
  A_notionalBuy = 34, A_notionalSell = 35, A_orderRows = 36, A_ordered = 37, A_cancelled = 38, A_previousPrice = 39,
  A_lastTick = 40, A_lastSign = 41, A_signPrints = 42, A_signPairs = 43, A_signSumX = 44, A_signSumY = 45,
  A_signSumXY = 46, A_bucketFilled = 47, A_bucketSigned = 48, A_bucketImbalance = 49, A_bucketsFull = 50,
  A_minutes = 51, A_tradedMinutes = 52, A_sumR2 = 53, A_sumR3 = 54, A_sumIlliquidity = 55, A_carriedClose = 56,
  A_quoteTime = 57, A_quoteSegment = 58, A_quoteUsable = 59, A_quoteBid = 60, A_quoteBidQuantity = 61,
  A_quoteAsk = 62, A_quoteAskQuantity = 63, A_beforeUsable = 64, A_beforeBid = 65, A_beforeBidQuantity = 66,
  A_beforeAsk = 67, A_beforeAskQuantity = 68, A_beforeMid = 69, A_quoteWeight = 70, A_sumSpread = 71,
  A_sumImbalance = 72, A_sumDepth = 73, A_sumOfi = 74, A_snapshots = 75, A_snapshotVolume = 76, A_snapshotTrades = 77,
  A_adv20 = 78, A_bookScale = 83
};
enum { O_id, O_owner, O_limitPrice, O_original, O_filledQuantity, O_filledAmount, O_activeAmount, O_state };
enum { hasRow = 1, hasLimit = 2, originalKnown = 4, bucketBits = 56 };

typedef struct {
  i32 isBooks, chain, count, symbols;
  double base, mark;
  const i32 *rows;
  const uint16_t *instrument;
  const i32 *time, *price, *bidPrice, *askPrice;
  const u8 *kind, *side, *type, *flags;
  const double *sequence, *quantity, *buyId, *sellId, *trades, *volume, *bidQuantity, *askQuantity;
} Batch;

typedef struct {
  double mark, head;
  i32 cursor, first, last, isBooks;
  const Batch *pending[QUEUE];
} Chain;

static i32 chains, rows, bars, batches, isFilled, lastEdgeBar;
static double midnight, scales[2], bucketEdges[EDGES];
static double *sealTime, *barEnd;
static i32 *minuteBars, *minuteSegment, *endsSegment;
static Chain chain[CHAINS];
static Batch *batch;
static double *acc, *bar, *edges, *initial;
/* Slots of the live orders, in chunks; those given up are linked by their ids. */
static double *chunks[MOST];
static u32 capacity, top, freed;
/* The table: where a key belongs and its slot plus 1, negative where an entry was put behind; mask is entries less 1. */
typedef struct { i32 home, slot; } Entry;
static Entry *segments[MOST], *found;
static u32 segmentCount, upper, mask, used, limit;
static Entry moving[SEGMENT];
static const i32 passed = INT32_MIN, slotBits = INT32_MAX;
static i32 nextBar, segment, nowBars[4];
static double spanFrom, spanTo;

static u32 hash(u32 low, u32 high) {
  u32 h = low * 0x85ebca6bu ^ high * 0xc2b2ae35u;
  h ^= h >> 15;
  h *= 0x2c1b3c6du;
  return h ^ (h >> 13);
}

static u32 home(u32 owner, double id) {
  int64_t whole = (int64_t)id;
  u32 low = (u32)whole, high = (u32)(whole >> 32), channel = ((owner - 1) >> 1) & 255;
  return hash((low >> 6) ^ channel * 0x9e3779b1u, high) << 6 | (low & (LANES - 1));
}

static double *slotAt(u32 slot) { return chunks[slot >> CHUNK_BITS] + (size_t)(slot & (CHUNK - 1)) * SLOT; }

static void growSlots(void) {
  if (capacity >= CHUNK) {
    chunks[capacity >> CHUNK_BITS] = calloc(CHUNK, SLOT * sizeof(double));
    capacity += CHUNK;
    return;
  }
  double *grown = calloc((size_t)2 * capacity, SLOT * sizeof(double));
  memcpy(grown, chunks[0], (size_t)capacity * SLOT * sizeof(double));
  free(chunks[0]);
  chunks[0] = grown;
  capacity *= 2;
}

static u32 takeSlot(void) {
  if (freed == 0) {
    if (top == capacity) growSlots();
    return top++;
  }
  u32 slot = freed - 1;
  freed = (u32)slotAt(slot)[O_id];
  slotAt(slot)[O_id] = 0;
  return slot;
}

static void giveUp(u32 slot) {
  memset(slotAt(slot), 0, SLOT * sizeof(double));
  slotAt(slot)[O_id] = freed;
  freed = slot + 1;
}

static Entry *segmentOf(u32 place) {
  u32 segment = (place >> SEGMENT_BITS) & upper;
  if (segment >= segmentCount) segment &= upper >> 1;
  return segments[segment];
}

static void setLimit(void) {
  double whole = (upper + 1) >> 1;
  limit = mask + 1 < SEGMENT ? (mask + 1) / 2 : (u32)((0.5 * whole + (0.6 - 0.5) * (segmentCount - whole)) * SEGMENT);
}

static void add(u32 size) {
  if (segmentCount == MOST) abort();
  segments[segmentCount++] = calloc(size, sizeof(Entry));
  if (segmentCount > upper) upper = 2 * upper + 1;
  mask = size - 1;
  setLimit();
}

static void clearTable(void) {
  while (segmentCount > 0) free(segments[--segmentCount]);
  for (u32 i = 0; i * CHUNK < capacity; i++) free(chunks[i]);
  upper = 1;
  used = top = freed = 0;
  capacity = 1 << 12;
  chunks[0] = calloc(capacity, SLOT * sizeof(double));
  add(1 << 12);
}

/* The load never fills a lane, so that there is always room. */
static void enter(Entry from) {
  u32 index = (u32)from.home & mask;
  Entry *to = segmentOf((u32)from.home);
  for (; to[index].slot != 0; index = (index + LANES) & mask) to[index].slot |= passed;
  to[index].home = from.home;
  to[index].slot = from.slot & slotBits;
}

static void grow(void) {
  u32 size = mask + 1;
  Entry *from = segments[size < SEGMENT ? 0 : segmentCount - ((upper + 1) >> 1)];
  memcpy(moving, from, size * sizeof(Entry));
  if (size < SEGMENT) {
    free(from);
    segmentCount = 0;
    add(2 * size);
  } else {
    memset(from, 0, size * sizeof(Entry));
    add(size);
  }
  for (u32 i = 0; i < size; i++)
    if (moving[i].slot != 0) enter(moving[i]);
}

static double *find(u32 owner, double id) {
  if (used >= limit) grow();
  u32 place = home(owner, id), index = place & mask;
  Entry *entries = segmentOf(place);
  for (;; index = (index + LANES) & mask) {
    found = entries + index;
    if (found->slot == 0) {
      u32 slot = takeSlot();
      found->home = (i32)place;
      found->slot = (i32)slot + 1;
      slotAt(slot)[O_id] = id;
      slotAt(slot)[O_owner] = owner;
      used++;
      return slotAt(slot);
    }
    if (found->home == (i32)place) {
      double *slot = slotAt((u32)(found->slot & slotBits) - 1);
      if (slot[O_id] == id && slot[O_owner] == owner) return slot;
    }
    found->slot |= passed;
  }
}

/* Forgets the order that was found last. */
static void forget(void) {
  Entry *entries = segmentOf((u32)found->home);
  u32 start = (u32)(found - entries), hole = start, index = start;
  giveUp((u32)(found->slot & slotBits) - 1);
  while (found->slot < 0) {
    index = (index + LANES) & mask;
    Entry from = entries[index];
    if (from.slot == 0 || index == start) break;
    u32 at = (u32)from.home & mask;
    if (((hole - at) & mask) < ((index - at) & mask)) {
      entries[hole].home = from.home;
      entries[hole].slot = from.slot | passed;
      hole = index;
    }
  }
  entries[hole].home = entries[hole].slot = 0;
  used--;
}

static i32 bucketOf(double notional, const double *e) {
  if (notional < e[1]) return notional < e[0] ? 0 : 1;
  return notional < e[2] ? 2 : 3;
}

/* The load has no product beyond 2^53, where the original would go on in whole numbers. */
static i32 bucketOfMarket(double amount, double original, double quantity, const double *e) {
  i32 bucket = 0;
  for (; bucket < EDGES; bucket++) {
    double left = amount * original, right = e[bucket] * quantity;
    if (left > 9007199254740991.0 || right > 9007199254740991.0) abort();
    if (!(left >= right)) break;
  }
  return bucket;
}

static void contribute(double *a, i32 side, i32 bucket, const double *slot, double sign) {
  double filled = slot[O_filledAmount], notional = filled;
  i32 state = (i32)slot[O_state];
  a[(side ? A_sell : A_buy) + bucket] += sign * filled;
  a[(side ? A_actSell : A_actBuy) + bucket] += sign * slot[O_activeAmount];
  a[(side ? A_nSell : A_nBuy) + bucket] += sign;
  if (!isFilled) {
    if (state & hasLimit) notional = slot[O_limitPrice] * slot[O_original];
    else if ((state & originalKnown) && slot[O_filledQuantity] > 0)
      notional = (filled * slot[O_original]) / slot[O_filledQuantity];
  }
  a[side ? A_notionalSell : A_notionalBuy] += sign * notional;
}

static void settle(double *a, i32 side, double *slot, const double *e) {
  i32 state = (i32)slot[O_state], bucket;
  double filled = slot[O_filledAmount];
  if (isFilled) bucket = bucketOf(filled, e);
  else if (state & hasLimit) bucket = bucketOf(slot[O_limitPrice] * slot[O_original], e);
  else if (!(state & originalKnown) || slot[O_filledQuantity] == 0) bucket = bucketOf(filled, e);
  else bucket = bucketOfMarket(filled, slot[O_original], slot[O_filledQuantity], e);
  slot[O_state] = (state & ~bucketBits) | (bucket + 1) << 3;
  contribute(a, side, bucket, slot, 1);
}

static u32 ownerOf(i32 row, i32 channel, i32 side) { return (u32)((row * 256 + channel) * 2 + side + 1); }

static void fill(double *a, i32 row, i32 channel, i32 side, const Batch *b, i32 i, double id, i32 isActive, double *e) {
  double *slot = find(ownerOf(row, channel, side), id);
  double quantity = b->quantity[i], amount = b->price[i] * quantity;
  i32 state = (i32)slot[O_state], old = ((state & bucketBits) >> 3) - 1;
  i32 stays = old >= 0 && (state & (hasRow | hasLimit)) == (hasRow | hasLimit) && !isFilled;
  if (old >= 0 && !stays) contribute(a, side, old, slot, -1);
  if (!(state & hasRow)) {
    slot[O_original] += quantity;
    a[A_ordered] += quantity;
  }
  slot[O_filledQuantity] += quantity;
  slot[O_filledAmount] += amount;
  if (isActive) slot[O_activeAmount] += amount;
  if (stays) {
    a[(side ? A_sell : A_buy) + old] += amount;
    if (isActive) a[(side ? A_actSell : A_actBuy) + old] += amount;
  } else settle(a, side, slot, e);
  if ((state & hasRow) && slot[O_filledQuantity] >= slot[O_original]) forget();
}

static double *edgesOf(i32 row) {
  double *e = edges + (size_t)row * EDGES, *a = acc + (size_t)row * ACC;
  if (e[0] == 0)
    for (i32 i = 0; i < EDGES; i++) e[i] = bucketEdges[i] * (a[A_priceScale] * a[A_quantityScale]);
  return e;
}

static void order(const Batch *b, i32 i, i32 row, i32 channel) {
  double *a = acc + (size_t)row * ACC, quantity = b->quantity[i];
  i32 side = b->side[i] == 2 || (b->side[i] == 0 && b->sellId[i] > 0);
  double id = side ? b->sellId[i] : b->buyId[i];
  u32 owner = ownerOf(row, channel, side);
  if (b->kind[i] == 1) {
    a[A_cancelled] += quantity;
    if (id > 0) {
      find(owner, id);
      forget();
    }
    return;
  }
  double limit = b->type[i] == 0 ? b->price[i] : 0, *e = edgesOf(row);
  i32 isOriginal = (b->flags[i] & 8) != 0;
  a[A_orderRows] += 1;
  a[A_ordered] += quantity;
  double *slot = find(owner, id);
  i32 state = (i32)slot[O_state], old = ((state & bucketBits) >> 3) - 1;
  if (old >= 0) contribute(a, side, old, slot, -1);
  slot[O_limitPrice] = limit;
  slot[O_original] = isOriginal ? quantity : slot[O_original] + quantity;
  slot[O_state] = state | hasRow | (limit > 0 ? hasLimit : 0) | (isOriginal ? originalKnown : 0);
  if (old >= 0) settle(a, side, slot, e);
}

static void stepBucket(double *a, double sign, double quantity) {
  double size = (a[A_adv20] * a[A_quantityScale]) / 50;
  if (!(size > 0)) return;
  double room = size - a[A_bucketFilled];
  if (quantity < room) {
    a[A_bucketFilled] += quantity;
    a[A_bucketSigned] += sign * quantity;
    return;
  }
  double rest = quantity - room, whole = floor(rest / size), filled = rest - whole * size;
  a[A_bucketImbalance] += fabs(a[A_bucketSigned] + sign * room) / size + whole;
  a[A_bucketsFull] += 1 + whole;
  a[A_bucketFilled] = filled > 0 ? filled : 0;
  a[A_bucketSigned] = sign * a[A_bucketFilled];
}

static void price4(double *to, double price, i32 isFirst) {
  if (isFirst) to[0] = to[1] = to[2] = price;
  else {
    if (price > to[1]) to[1] = price;
    if (price < to[2]) to[2] = price;
  }
  to[3] = price;
}

/* The load states the active side of every print. */
static void trade(const Batch *b, i32 i, i32 row, i32 channel) {
  i32 at = nowBars[b->flags[i] & 3], side;
  if (at < 0) return;
  double *a = acc + (size_t)row * ACC, *p = bar + ((size_t)at * rows + row) * BAR, *e = edgesOf(row);
  double price = b->price[i], quantity = b->quantity[i], amount = price * quantity;
  i32 isAuction = at == 0 || at == bars - 1;
  side = isAuction ? 0 : b->side[i];
  price4(a + A_open, price, a[A_trades] == 0);
  a[A_volume] += quantity;
  a[A_amount] += amount;
  a[A_trades] += 1;
  if (at >= lastEdgeBar) a[A_edgeVolume] += quantity;
  price4(p, price, p[6] == 0);
  p[4] += quantity;
  p[5] += amount;
  p[6] += 1;
  fill(a, row, channel, 0, b, i, b->buyId[i], side == 1, e);
  fill(a, row, channel, 1, b, i, b->sellId[i], side == 2, e);
  if (side != 0) {
    double sign = side == 1 ? 1 : -1, before = a[A_lastSign];
    a[A_signPrints] += 1;
    a[A_lastSign] = sign;
    if (before != 0) {
      a[A_signPairs] += 1;
      a[A_signSumX] += sign;
      a[A_signSumY] += before;
      a[A_signSumXY] += sign * before;
    }
    stepBucket(a, sign, quantity);
  }
  if (!isAuction) {
    double before = a[A_previousPrice];
    if (price > before) a[A_lastTick] = 1;
    else if (price < before) a[A_lastTick] = -1;
    a[A_previousPrice] = price;
  }
}

static void settleQuote(double *a, double until) {
  if (a[A_quoteUsable] == 0) return;
  double seconds = (until - a[A_quoteTime]) / 1e6, bid = a[A_quoteBid], ask = a[A_quoteAsk];
  double bq = a[A_quoteBidQuantity], aq = a[A_quoteAskQuantity];
  a[A_quoteWeight] += seconds;
  a[A_sumSpread] += ((ask - bid) / ((ask + bid) / 2)) * seconds;
  a[A_sumImbalance] += ((bq - aq) / (bq + aq)) * seconds;
  a[A_sumDepth] += ((bq + aq) / 2) * seconds;
  if (a[A_beforeUsable] != 0) {
    double e = 0;
    if (bid >= a[A_beforeBid]) e += bq;
    if (bid <= a[A_beforeBid]) e -= a[A_beforeBidQuantity];
    if (ask <= a[A_beforeAsk]) e -= aq;
    if (ask >= a[A_beforeAsk]) e += a[A_beforeAskQuantity];
    a[A_sumOfi] += e;
  }
}

static void quote(const Batch *b, i32 i, double *a) {
  double time = b->base + b->time[i], bid = b->bidPrice[i * LEVELS], ask = b->askPrice[i * LEVELS];
  if (a[A_quoteSegment] == segment && time > a[A_quoteTime]) {
    settleQuote(a, time);
    a[A_beforeUsable] = a[A_quoteUsable];
    a[A_beforeBid] = a[A_quoteBid];
    a[A_beforeBidQuantity] = a[A_quoteBidQuantity];
    a[A_beforeAsk] = a[A_quoteAsk];
    a[A_beforeAskQuantity] = a[A_quoteAskQuantity];
    if (a[A_quoteUsable] != 0) a[A_beforeMid] = (a[A_quoteBid] + a[A_quoteAsk]) / 2;
  }
  a[A_quoteSegment] = segment;
  a[A_quoteTime] = time;
  a[A_quoteUsable] = bid > 0 && ask > 0 && ask > bid;
  a[A_quoteBid] = bid;
  a[A_quoteBidQuantity] = b->bidQuantity[i * LEVELS];
  a[A_quoteAsk] = ask;
  a[A_quoteAskQuantity] = b->askQuantity[i * LEVELS];
}

static void seek(double now) {
  if (now >= spanFrom && now < spanTo) return;
  i32 minute = (i32)floor((now - midnight) / 6e7);
  spanFrom = midnight + minute * 6e7;
  spanTo = spanFrom + 6e7;
  memcpy(nowBars, minuteBars + minute * 4, sizeof nowBars);
  segment = minuteSegment[minute];
}

static void reduce(i32 c, const Batch *b, i32 from, i32 to) {
  for (i32 i = from; i < to; i++) {
    i32 row = b->rows[b->instrument[i]];
    double *a = acc + (size_t)row * ACC;
    if (b->isBooks) {
      a[A_bookScale] = scales[0];
      a[A_snapshots] += 1;
      a[A_snapshotVolume] = b->volume[i];
      a[A_snapshotTrades] = b->trades[i];
      seek(b->base + b->time[i]);
      if (segment >= 0) quote(b, i, a);
      continue;
    }
    a[A_priceScale] = scales[0];
    a[A_quantityScale] = scales[1];
    if (b->kind[i] == 2) {
      seek(b->base + b->time[i]);
      trade(b, i, row, c);
    } else order(b, i, row, c);
  }
}

static void head(Chain *c) {
  const Batch *b = c->pending[c->first % QUEUE];
  c->head = c->first == c->last ? INFINITY : b->base + b->time[c->cursor];
}

static i32 wins(i32 i, i32 j) { return chain[i].isBooks == chain[j].isBooks ? i < j : !chain[i].isBooks; }

static i32 precedes(i32 i, i32 j) {
  return chain[i].head == chain[j].head ? wins(i, j) : chain[i].head < chain[j].head;
}

static void release(double mark) {
  for (;;) {
    i32 first = -1, second = -1;
    for (i32 i = 0; i < chains; i++) {
      if (chain[i].head == INFINITY) continue;
      if (first < 0 || precedes(i, first)) {
        second = first;
        first = i;
      } else if (second < 0 || precedes(i, second)) second = i;
    }
    if (first < 0 || chain[first].head >= mark) return;
    Chain *c = &chain[first];
    const Batch *b = c->pending[c->first % QUEUE];
    double limit = mark, other = second < 0 ? INFINITY : chain[second].head + wins(first, second);
    limit = (other < limit ? other : limit) - b->base;
    i32 from = c->cursor, to = from + 1;
    while (to < b->count && b->time[to] < limit) to++;
    reduce(first, b, from, to);
    c->cursor = to == b->count ? 0 : to;
    c->first += to == b->count;
    head(c);
  }
}

static void seal(i32 at) {
  for (i32 row = 0; row < rows; row++) {
    double *a = acc + (size_t)row * ACC, *p = bar + ((size_t)at * rows + row) * BAR;
    if (at == 0) a[A_carriedClose] = p[6] > 0 ? p[3] : NAN;
    else if (at == bars - 1) {
      if (p[6] > 0) a[A_carriedClose] = p[3];
    } else {
      a[A_minutes] += 1;
      if (p[6] > 0) {
        double before = isnan(a[A_carriedClose]) ? a[A_open] : a[A_carriedClose], r = log(p[3] / before);
        a[A_carriedClose] = p[3];
        a[A_tradedMinutes] += 1;
        a[A_sumR2] += r * r;
        a[A_sumR3] += r * r * r;
        a[A_sumIlliquidity] += fabs(r) / (p[5] / (a[A_priceScale] * a[A_quantityScale]));
      }
    }
    if (endsSegment[at]) {
      settleQuote(a, barEnd[at]);
      a[A_quoteUsable] = a[A_beforeUsable] = 0;
      a[A_beforeMid] = NAN;
      a[A_quoteSegment] = -1;
    }
  }
}

static i32 isSound(const Batch *b) {
  double before = chain[b->chain].mark > midnight ? chain[b->chain].mark : midnight;
  before -= b->base;
  for (i32 i = 0; i < b->count; i++) {
    if (!(b->time[i] >= before) || b->instrument[i] >= b->symbols || b->sequence[i] <= -1) return 0;
    before = b->time[i];
  }
  if (b->isBooks) {
    for (i32 at = 0; at < b->count * LEVELS; at++) {
      if (b->bidPrice[at] < 0 || b->askPrice[at] < 0) return 0;
      if (!(b->bidQuantity[at] >= 0 && b->askQuantity[at] >= 0)) return 0;
      if (!(b->bidQuantity[at] < INFINITY && b->askQuantity[at] < INFINITY)) return 0;
    }
    return 1;
  }
  for (i32 i = 0; i < b->count; i++) {
    double q = b->quantity[i], x = b->buyId[i], y = b->sellId[i], most = 9007199254740991.0;
    if (b->kind[i] > 3 || b->price[i] < 0 || (b->price[i] == 0 && b->kind[i] == 2)) return 0;
    if (!(q > 0 && q <= most && floor(q) == q) || !(x >= 0 && x <= most) || !(y >= 0 && y <= most)) return 0;
  }
  return 1;
}

static void day(void) {
  memcpy(acc, initial, (size_t)rows * ACC * sizeof(double));
  memset(bar, 0, (size_t)bars * rows * BAR * sizeof(double));
  memset(edges, 0, (size_t)rows * EDGES * sizeof(double));
  clearTable();
  nextBar = 0;
  spanFrom = spanTo = 0;
  for (i32 i = 0; i < chains; i++) {
    chain[i].mark = -INFINITY;
    chain[i].cursor = chain[i].first = chain[i].last = 0;
    head(&chain[i]);
  }
  for (i32 i = 0; i < batches; i++) {
    double mark = INFINITY;
    const Batch *b = &batch[i];
    Chain *c = &chain[b->chain];
    if (!isSound(b) || c->last - c->first >= QUEUE) abort();
    if (b->mark > c->mark) c->mark = b->mark;
    if (b->count > 0) c->pending[c->last++ % QUEUE] = b;
    head(c);
    for (i32 k = 0; k < chains; k++)
      if (chain[k].mark < mark) mark = chain[k].mark;
    for (; nextBar < bars && sealTime[nextBar] <= mark; nextBar++) {
      release(sealTime[nextBar]);
      seal(nextBar);
    }
    release(mark);
  }
}

static const u8 *at;
static const void *take(size_t bytes) {
  const void *from = at;
  at += (bytes + 7) & ~(size_t)7;
  return from;
}

static void readBatch(Batch *b) {
  const double *headOf = take(6 * sizeof(double));
  b->isBooks = (i32)headOf[0];
  b->chain = (i32)headOf[1];
  b->count = (i32)headOf[2];
  b->symbols = (i32)headOf[3];
  b->base = headOf[4];
  b->mark = headOf[5];
  chain[b->chain].isBooks = b->isBooks;
  size_t n = (size_t)b->count;
  b->rows = take((size_t)b->symbols * 4);
  b->instrument = take(n * 2);
  b->time = take(n * 4);
  b->sequence = take(n * 8);
  if (b->isBooks) {
    b->trades = take(n * 8);
    b->volume = take(n * 8);
    b->bidPrice = take(n * LEVELS * 4);
    b->askPrice = take(n * LEVELS * 4);
    b->bidQuantity = take(n * LEVELS * 8);
    b->askQuantity = take(n * LEVELS * 8);
  } else {
    b->kind = take(n);
    b->side = take(n);
    b->type = take(n);
    b->flags = take(n);
    b->price = take(n * 4);
    b->quantity = take(n * 8);
    b->buyId = take(n * 8);
    b->sellId = take(n * 8);
  }
}

int main(int count, char **argument) {
  if (count != 3) return 2;
  FILE *input = fopen(argument[1], "rb");
  fseek(input, 0, SEEK_END);
  size_t size = (size_t)ftell(input);
  rewind(input);
  u8 *bytes = malloc(size);
  if (fread(bytes, 1, size, input) != size) return 1;
  fclose(input);
  at = bytes;
  const double *numbers = take(12 * sizeof(double));
  chains = (i32)numbers[0];
  rows = (i32)numbers[1];
  bars = (i32)numbers[2];
  batches = (i32)numbers[3];
  isFilled = (i32)numbers[4];
  lastEdgeBar = (i32)numbers[5];
  midnight = numbers[6];
  memcpy(scales, numbers + 7, sizeof scales);
  memcpy(bucketEdges, numbers + 9, sizeof bucketEdges);
  sealTime = (double *)take((size_t)bars * 8);
  barEnd = (double *)take((size_t)bars * 8);
  endsSegment = (i32 *)take((size_t)bars * 4);
  minuteBars = (i32 *)take(1440 * 4 * 4);
  minuteSegment = (i32 *)take(1440 * 4);
  initial = (double *)take((size_t)rows * ACC * 8);
  batch = calloc((size_t)batches, sizeof *batch);
  for (i32 i = 0; i < batches; i++) readBatch(&batch[i]);
  acc = malloc((size_t)rows * ACC * 8);
  bar = malloc((size_t)bars * rows * BAR * 8);
  edges = malloc((size_t)rows * EDGES * 8);
  for (char line[16]; fgets(line, sizeof line, stdin) != NULL;) {
    struct timespec from, to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    day();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    printf("%.0f\n", (to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec));
    fflush(stdout);
  }
  FILE *output = fopen(argument[2], "wb");
  fwrite(acc, ACC * 8, (size_t)rows, output);
  fclose(output);
  return 0;
}
