import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import { codecs } from '../../src/wire/index.ts'
import { panelRecord } from '../../src/workers/close/day-rows.ts'
import { Ready } from '../../src/workers/model/ready.ts'
import type { ModelsFolder } from '../../src/workers/models-folder.ts'
import { modelColumns } from '../../src/workers/scoring/sample-builder.ts'
import { realClock } from '../real-clock.ts'

const days = ['2024-01-02', '2024-01-03', '2024-01-04', '2024-01-05']

it('panels are decoded and scaled as they are published, as many as the window of an artifact has', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-ready-'))
  const bus = openTape(folder, { clock: realClock })
  await bus.createTopics(1)
  const columns = modelColumns('C')
  const publish = (date: string) => {
    const panel = panelRecord({
      ...{ date, set: 'C', revision: 0, sizing: 'order', catalogue: 'c', instruments: ['A', 'B'], columns },
      quality: new Int32Array(2),
      values: new Float64Array(2 * columns.length).fill(1),
    })
    return bus.publish('panels', [{ partition: 0, date, key: `${date}|0|C`, value: codecs.panel.encode(panel) }])
  }
  const models = {
    promotions: (set: string) => Promise.resolve(set === 'C' ? ['a'] : []),
    load: () => Promise.resolve({ manifest: { spec: { lookback: 2 } } }),
  } as unknown as ModelsFolder
  const ready = new Ready({ bus, clock: realClock, models, profile: 'cn' })
  const isReady = (date: string): boolean => {
    const panel = ready.view.panels.get(`${date}|C`)
    return panel !== undefined && ready.scaled.has(panel)
  }
  const stop = new AbortController()
  try {
    for (const date of days.slice(0, 3)) await publish(date)
    const following = ready.follow(stop.signal)
    while (!isReady(days[2])) await realClock.sleep(1)
    expect(days.map(isReady)).toEqual([false, true, true, false])
    await publish(days[3])
    while (!isReady(days[3])) await realClock.sleep(1)
    stop.abort()
    await following
  } finally {
    await bus.close()
    rmSync(folder, { recursive: true })
  }
})
