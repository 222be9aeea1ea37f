import { historySets, streamSets } from '../../../schemas/catalogue/index.ts'
import type { Panel } from '../../../schemas/day.ts'
import type { Bus, Logged } from '../../ports/bus.ts'
import type { Store } from '../../ports/store.ts'
import { codecs } from '../../wire/index.ts'
import { dayOfPanel, panelOf, readClosedDay } from '../close/day-rows.ts'
import { historyPanels } from '../close/history-panels.ts'
import { MarketHistory } from '../history/market-history.ts'
import { joinPanels } from '../history/panels.ts'
import type { PublishedRevision, Revision } from '../corrections.ts'
import { LogView } from '../scoring/log-view.ts'
import { modelColumns } from '../scoring/sample-builder.ts'
import { describeRows, difference, type Difference } from './difference.ts'
import { placeOf, recordsOf } from './published.ts'

export interface PanelsComparison {
  readonly panels: number
  readonly difference: Difference | null
}

/**
 * Holds the published panels of one date after another against what the day rows give and, with a store, those of the
 * sets that are made of earlier days against the rows and panels that were known when they were published.
 */
export class PanelComparer {
  private readonly bus: Bus
  private readonly profile: string
  private readonly store: Store | null
  private readonly isCorrected: boolean
  private view: LogView
  private history: MarketHistory | null = null

  /** @param isCorrected whether days were corrected: then what a day looked back over depends on when it was closed */
  constructor(bus: Bus, profile: string, store: Store | null, isCorrected: boolean) {
    this.bus = bus
    this.profile = profile
    this.store = store
    this.isCorrected = isCorrected
    this.view = new LogView(bus, profile)
  }

  /** @param isDegraded whether the day may have been closed without a partition */
  async compare(revision: PublishedRevision, isDegraded: boolean): Promise<PanelsComparison> {
    const { date } = revision.of
    const published = await recordsOf(this.bus, 'panels', revision)
    if (this.isCorrected) {
      this.history = null
      this.view = new LogView(this.bus, this.profile)
    }
    if (published.length === 0) {
      // The day was not closed: what follows it reads its bars from the store.
      this.history = null
      return { panels: 0, difference: null }
    }
    const ours = await this.recomputed(revision.of, published, isDegraded)
    for (const [i, panel] of ours.entries()) {
      const found = compareSet(published, panel, date)
      if (found !== null) return { panels: i + 1, difference: found }
    }
    return { panels: ours.length, difference: null }
  }

  private async recomputed(of: Revision, published: readonly Logged[], isDegraded: boolean): Promise<Panel[]> {
    const { date } = of
    const day = await readClosedDay(this.bus, of, { overdue: AbortSignal.abort() })
    const panel = published.find(({ key }) => key.endsWith('|PV'))
    const isPartial = isDegraded && day !== null && panel !== undefined
    const rows = (isPartial ? dayOfPanel(day, codecs.panel.decode(panel.value)) : day)?.rows ?? []
    const streamed = streamSets.map((set) => panelOf(set, of, rows))
    const pv = streamed.find((panel) => panel.set === 'PV')
    if (this.store === null || pv === undefined || pv.count === 0) return streamed
    const made = published.find(({ key }) => historySets.some((set) => key.endsWith(`|${set}`))) ?? published[0]
    this.history ??= await MarketHistory.before(this.store, this.profile, date, made.appendedAt * 1000)
    this.history.append(joinPanels([pv], modelColumns('PV')))
    await this.view.refresh(date, made.offset)
    const history = {
      pv: this.history.upTo(date),
      listings: this.history.listings,
      published: (set: string, count: number) => this.view.panelsUpTo(set, date, count),
    }
    return [...streamed, ...historyPanels(history, pv)]
  }
}

/** The first record of a set must be what we have: it stands, whatever came behind it. */
function compareSet(published: readonly Logged[], ours: Panel, date: string): Difference | null {
  const key = `${date}|${ours.revision}|${ours.set}`
  const theirs = published.find((record) => record.key === key)
  const place = { topic: 'panels' as const, partition: 0, offset: null, date }
  if (theirs === undefined) return difference(place, `record ${key} was not published`)
  const bytes = codecs.panel.encode(ours)
  return bytes.equals(theirs.value) ? null : describeRows(placeOf(theirs), theirs.value, bytes)
}
