/** Kafka's murmur2 of a symbol, as the Java client computes it (seed 0x9747b28c). */
export function murmur2(text: string): number {
  const data = Buffer.from(text, 'utf8')
  const m = 0x5bd1e995
  const length = data.length
  let h = (0x9747b28c ^ length) | 0
  const words = length >> 2
  for (let i = 0; i < words; i++) {
    let k = data.readInt32LE(i * 4)
    k = Math.imul(k, m)
    k ^= k >>> 24
    k = Math.imul(k, m)
    h = Math.imul(h, m) ^ k
  }
  const tail = words * 4
  if (length - tail === 3) h ^= (data[tail + 2] as number) << 16
  if (length - tail >= 2) h ^= (data[tail + 1] as number) << 8
  if (length - tail >= 1) {
    h ^= data[tail] as number
    h = Math.imul(h, m)
  }
  h ^= h >>> 13
  h = Math.imul(h, m)
  h ^= h >>> 15
  return h
}

/** Partition of an instrument: murmur2(instrument) mod P, as Kafka's default partitioner does. */
export const partitionOf = (instrument: string, partitions: number): number =>
  (murmur2(instrument) & 0x7fffffff) % partitions
