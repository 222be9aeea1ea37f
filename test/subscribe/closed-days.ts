import type { Completed, Factor, MlC } from '../../schemas/day.ts'
import { factorTopic, type SetName } from '../../schemas/topics.ts'
import type { Bus } from '../../src/ports/bus.ts'
import { codecs, sha256 } from '../../src/wire/index.ts'

/** Publishes small days as a close does, one record at a time where a test asks for it. */

const instruments = ['000001.SZ', '600000.SH', '600519.SH']

export const factorOn = (date: string, set: SetName, shift = 0): Factor => ({
  date,
  revision: 0,
  set,
  horizon: 1,
  label: 'next day',
  artifactHash: `artifact of ${set}`,
  jobHash: 'job',
  coverage: 0.75,
  count: 3,
  instruments,
  raw: Float64Array.of(1 + shift, Number.NaN, 3),
  neutral: Float64Array.of(-1 + shift, Number.NaN, 1),
  crc: 0,
})

const mlCOn = (date: string): MlC => ({
  date,
  revision: 0,
  horizon: 1,
  coverage: 0.75,
  sets: ['PV', 'HF'],
  weights: [0.25, 0.75],
  saWeights: [0.5, 0.5],
  longOnlyWeights: [0, 1],
  flags: [],
  count: 3,
  instruments,
  raw: Float64Array.of(0.5, 1, 1.5),
  neutral: Float64Array.of(-1, 0, 1),
  crc: 0,
})

export const publish = (bus: Bus, topic: Parameters<Bus['publish']>[0], date: string, value: Uint8Array) =>
  bus.publish(topic, [{ partition: 0, date, key: `${date}|0`, value }])

/** Publishes the factors of a date and answers the record that completes it. */
export async function publishFactors(bus: Bus, date: string, more: Partial<Completed> = {}): Promise<Uint8Array> {
  const hashes = new Map<string, string>()
  for (const set of ['PV', 'HF'] as const) {
    const bytes = codecs.factor.encode(factorOn(date, set))
    hashes.set(set, sha256(bytes))
    await publish(bus, factorTopic(set), date, bytes)
  }
  const mlC = codecs.mlC.encode(mlCOn(date))
  await publish(bus, 'ml-c', date, mlC)
  return codecs.completed.encode({
    date,
    revision: 0,
    degraded: false,
    retracted: false,
    cause: '',
    universe: 4,
    published: 3,
    sets: (['PV', 'G', 'C', 'HF', 'DP'] as const).map((set) => ({
      set,
      present: hashes.has(set),
      hash: hashes.get(set) ?? '',
      reason: hashes.has(set) ? '' : 'no-model',
    })),
    mlCHash: sha256(mlC),
    exclusions: [{ instrument: '688001.SH', reason: 'no earlier close' }],
    ...more,
  })
}

export async function closeDay(bus: Bus, date: string, more: Partial<Completed> = {}): Promise<Uint8Array> {
  const completed = await publishFactors(bus, date, more)
  await publish(bus, 'completed', date, completed)
  return completed
}
