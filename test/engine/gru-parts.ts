import { expect, it } from 'vitest'
import type { Engine, FloatArray } from '../../models/engine.ts'
import { stateBehind } from '../../models/network/network.ts'
import { networkSpec } from '../../models/network/spec.ts'
import { seededRandom } from '../../models/training/random.ts'
import { drawParameters } from '../network/draw.ts'
import { seed } from '../seed.ts'

const [days, features, hidden] = [5, 7, 16]

/** What lets a window be run in the morning but for its last day, over more names than are scored in the end. */
export const gruParts = (engine: () => Engine): void => {
  it.each([1, 33, 1200])('GRU: bits of %d names depend neither on who is beside nor on how days are parted', (n) => {
    const random = seededRandom(seed)
    const spec = networkSpec({ family: 'gru', features, lookback: days, hidden })
    const parameters = drawParameters(random, spec)
    const x = Float32Array.from({ length: days * n * features }, () => 4 * random() - 2)
    const mask = Float32Array.from({ length: days * n }, () => (random() < 0.9 ? 1 : 0))
    const some = Array.from({ length: n }, (_, i) => i).filter((i) => i === 0 || random() < 0.7)
    const partOf = (names: readonly number[], from: number, to: number) => ({
      x: Float32Array.from({ length: (to - from) * names.length * features }, (_, at) => {
        const [day, name] = [Math.floor(at / (names.length * features)), Math.floor(at / features) % names.length]
        return x[((from + day) * n + names[name]) * features + (at % features)]
      }),
      mask: Float32Array.from(
        { length: (to - from) * names.length },
        (_, at) => mask[(from + Math.floor(at / names.length)) * n + names[at % names.length]],
      ),
    })
    const whole = stateBehind(engine(), spec, parameters, { x, mask }, n)
    const all = Array.from({ length: n }, (_, i) => i)
    const earlier = stateBehind(engine(), spec, parameters, partOf(all, 0, days - 1), n)
    const rowsOf = (state: FloatArray) =>
      some.flatMap((name) => [...state.subarray(name * hidden, (name + 1) * hidden)])
    const before = Float64Array.from(rowsOf(earlier))
    const last = stateBehind(engine(), spec, parameters, partOf(some, days - 1, days), some.length, before)
    expect([...last]).toEqual(rowsOf(whole))
  })
}
