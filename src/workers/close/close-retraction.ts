import { previousTradingDay } from '../../../schemas/calendars/index.ts'
import type { Completed } from '../../../schemas/day.ts'
import { profileOf } from '../../../schemas/profiles/index.ts'
import { sets } from '../../../schemas/topics.ts'
import { codecs } from '../../wire/index.ts'
import { filedUnder, type Revision } from '../corrections.ts'
import { Listings } from '../history/instruments.ts'
import { stylesInput } from '../scoring/inputs.ts'
import { panelKey, stylesRecord, type CloseOptions, type CloseSummary } from './close-day.ts'
import { DayRecords } from './day-records.ts'
import { panelRecord } from './day-rows.ts'

/**
 * Publishes a revision without values: panels and style returns without columns, which later closes and models pass
 * over, then `completed`, by which every reader knows.
 */
export async function closeRetraction(
  { bus, store, profile, mayPublish }: CloseOptions,
  of: Revision,
): Promise<CloseSummary> {
  const { date, revision } = of
  await mayPublish?.()
  const records = new DayRecords(bus, of.startedOn, await filedUnder(bus, of))
  const nothing = { sizing: '', catalogue: '', instruments: [], columns: [] }
  const panels = sets.map((set) => {
    const values = { quality: new Int32Array(0), values: new Float64Array(0) }
    return panelRecord({ date, revision, set, ...nothing, ...values })
  })
  await records.publish(
    'panels',
    panels.map((panel) => ({ key: panelKey(panel), value: codecs.panel.encode(panel) })),
  )
  const styles = { ...stylesInput(date, new Float64Array(0), date), columns: [], revision }
  await records.publish('inputs', [stylesRecord(styles)])
  const listed = (await Listings.load(store)).on(previousTradingDay(profileOf(profile), date))
  const made: Completed = {
    date,
    revision,
    degraded: false,
    retracted: true,
    cause: of.cause,
    universe: listed.length,
    published: 0,
    sets: sets.map((set) => ({ set, present: false, hash: '', reason: 'retracted' })),
    mlCHash: '',
    exclusions: listed.map(({ instrument }) => ({ instrument, reason: 'retracted' })),
  }
  const [bytes] = await records.publish('completed', [
    { key: `${date}|${revision}`, value: codecs.completed.encode(made) },
  ])
  const times = { panelsMs: 0, resultsMs: 0, publishMs: 0 }
  const completed = codecs.completed.decode(bytes)
  return { date, revision, panels: {}, factors: [], mlC: null, completed, results: [], times }
}
