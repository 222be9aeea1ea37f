import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { Panel } from '../../schemas/day.ts'
import { openTape } from '../../src/bus/tape/index.ts'
import { codecs } from '../../src/wire/index.ts'
import { panelRecord } from '../../src/workers/close/day-rows.ts'
import { LogView } from '../../src/workers/scoring/log-view.ts'
import { realClock } from '../real-clock.ts'

const folder = mkdtempSync(join(tmpdir(), 'closebell-log-view-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const panelOn = (date: string, revision = 0): Panel =>
  panelRecord({
    date,
    set: 'G',
    revision,
    sizing: 'order',
    catalogue: '',
    instruments: ['600000.SH'],
    columns: ['g_ret_1'],
    quality: Int32Array.of(0),
    values: Float64Array.of(0.01),
  })

it('a view of the log follows it and lets go of what no window reaches any more', async () => {
  const bus = openTape(folder, { clock: realClock })
  await bus.createTopics(1)
  const publish = async (panel: Panel): Promise<string> => {
    const { date, hash } = panel
    await bus.publish('panels', [{ partition: 0, date, key: `${date}|0|G`, value: codecs.panel.encode(panel) }])
    return hash
  }
  const view = new LogView(bus, 'cn')
  const early = await publish(panelOn('2023-01-03'))
  await view.refresh('2023-01-03')
  expect(view.find(early)).toMatchObject({ date: '2023-01-03' })
  const late = await publish(panelOn('2024-06-03'))
  await view.refresh('2024-06-03')
  expect([view.find(early), view.find(late)?.date]).toEqual([undefined, '2024-06-03'])
  expect(view.panelsUpTo('G', '2024-06-03', 10).map(({ date }) => date)).toEqual(['2024-06-03'])
  // A date that looks back further than what is kept has it read again.
  await view.refresh('2023-01-03')
  expect([view.find(early)?.date, view.find(late)?.date]).toEqual(['2023-01-03', '2024-06-03'])
  await bus.close()
})

it('a view up to an offset knows no revision that stands behind it', async () => {
  const bus = openTape(join(folder, 'revised'), { clock: realClock })
  await bus.createTopics(1)
  const [date, next] = ['2023-01-03', '2023-01-04']
  for (const panel of [panelOn(date), panelOn(next), panelOn(date, 1)]) {
    const key = `${panel.date}|${panel.revision}|G`
    await bus.publish('panels', [{ partition: 0, date: next, key, value: codecs.panel.encode(panel) }])
  }
  const revisions = (view: LogView) => view.panelsUpTo('G', next, 10).map(({ revision }) => revision)
  const view = new LogView(bus, 'cn')
  await view.refresh(next, 2)
  expect(revisions(view)).toEqual([0, 0])
  await view.refresh(next)
  expect(revisions(view)).toEqual([1, 0])
  await bus.close()
})
