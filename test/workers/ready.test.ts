import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import { createReferenceEngine } from '../../models/network/reference/engine.ts'
import { networkSpec } from '../../models/network/spec.ts'
import { codecs } from '../../src/wire/index.ts'
import { panelRecord } from '../../src/workers/close/day-rows.ts'
import { Ready } from '../../src/workers/model/ready.ts'
import type { ModelsFolder } from '../../src/workers/models-folder.ts'
import { stylesInput } from '../../src/workers/scoring/inputs.ts'
import { modelColumns } from '../../src/workers/scoring/sample-builder.ts'
import { untrainedArtifact } from '../artifacts/untrained.ts'
import { realClock } from '../real-clock.ts'

const days = ['2024-01-02', '2024-01-03', '2024-01-04', '2024-01-05']

it('the window of a date is run but for its last day, before that is over', async () => {
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
  const spec = networkSpec({ family: 'gru', features: columns.length, lookback: 3, hidden: 4 })
  const artifact = untrainedArtifact({ set: 'C', columns, spec })
  const models = {
    promotions: (set: string) => Promise.resolve(set === 'C' ? ['a'] : []),
    load: () => Promise.resolve(artifact),
  } as unknown as ModelsFolder
  const engine = createReferenceEngine('test')
  const ready = new Ready({ bus, clock: realClock, engine, models, profile: 'cn' })
  const windowOf = ({ earlier, view }: Ready, date: string) => earlier.names(artifact, view.panelsUpTo('C', date, 2))
  const isReady = (date: string): boolean => windowOf(ready, date) !== null
  const stop = new AbortController()
  try {
    for (const date of days.slice(0, 3)) await publish(date)
    const following = ready.follow(stop.signal)
    while (!isReady(days[1])) await realClock.sleep(1)
    // The morning of the next day.
    const morning = stylesInput(days[2], new Float64Array(10), days[3])
    await bus.publish('inputs', [{ partition: 0, date: days[3], key: morning.id, value: codecs.input.encode(morning) }])
    while (!isReady(days[2])) await realClock.sleep(1)
    // One window of a set is kept, the newest.
    expect(isReady(days[1])).toBe(false)
    await expect.poll(() => ready.isPreparing).toBe(false)
    // A worker that starts in mid-day finds the panels of yesterday and the inputs of today, in whatever order.
    const restarted = new Ready({ bus, clock: realClock, engine, models, profile: 'cn' })
    const followingAnew = restarted.follow(stop.signal)
    while (windowOf(restarted, days[2]) === null) await realClock.sleep(1)
    await expect.poll(() => restarted.isPreparing).toBe(false)
    await publish(days[2])
    await realClock.sleep(20)
    await expect.poll(() => restarted.isPreparing).toBe(false)
    expect(windowOf(restarted, days[2])).not.toBeNull()
    stop.abort()
    await Promise.all([following, followingAnew])
  } finally {
    await bus.close()
    rmSync(folder, { recursive: true })
  }
})
