import { expect, it } from 'vitest'
import { seed } from '../seed.ts'
import { Schedules } from './world/schedules.ts'

/** The first hundred, and those beyond that have found something. */
const fixed = [...Array.from({ length: 100 }, (_, i) => i), 1055, 1061, 1207]
const drawn = Array.from({ length: 900 }, (_, i) => (1 + (seed % 2 ** 20)) * 64 + i)

it.each([
  ['the fixed', fixed],
  ['900 drawn', drawn],
])(
  'rows, events and store of %s schedules of faults are those of a run without faults',
  { timeout: 600_000 },
  async (_, seeds) => {
    const schedules = new Schedules()
    const failed: string[] = []
    for (const one of seeds) {
      if (failed.length === 3) break
      const { failures } = await schedules.run(one)
      if (failures.length > 0) failed.push(`npm run check:world -- --schedules 1 --seed ${one}: ${failures[0]}`)
    }
    expect(failed).toEqual([])
  },
)
