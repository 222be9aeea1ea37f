import type { Input, Panel } from '../../../schemas/day.ts'
import type { TopicName } from '../../../schemas/topics.ts'
import { historyDays } from '../../../models/expression/evaluate.ts'
import { shiftTradingDays } from '../../../schemas/calendars/index.ts'
import { profileOf } from '../../../schemas/profiles/index.ts'
import { areSame } from '../../../models/inputs/panel.ts'
import type { Bus } from '../../ports/bus.ts'
import { decode } from '../../wire/index.ts'

/** Trading days that a date looks back over: of panels, and of style returns with the deviations before them. */
const reach = { panels: historyDays, styles: 260 }
/** A date may be so many trading days older than the newest before everything is read again. */
const slack = 30

/**
 * What stands in `panels` and `inputs`, kept while both topics are followed: close and model workers name and look up
 * the same records through it. Of what a close publishes, panels and style returns, the highest revision stands, and
 * of it the record that was logged first; what `open` says of a date it may say anew.
 */
export class LogView {
  readonly panels = new Map<string, Panel>()
  readonly inputs = new Map<string, Input>()
  private readonly byHash = new Map<string, Panel | Input>()
  private readonly next = new Map<TopicName, number>()
  private readonly bus: Bus
  private readonly profile: string
  /** Names of the panel that was read last: most panels are of the same, and share them. */
  private names: Panel['instruments'] = []
  /** Date from which on the panels are kept. */
  private readFrom = ''
  private refreshed: Promise<void> = Promise.resolve()

  constructor(bus: Bus, profile: string) {
    this.bus = bus
    this.profile = profile
  }

  /**
   * Reads both topics up to their ends, or only the panels before an offset, from as far back as `date` looks on the
   * first time.
   */
  refresh(date: string, panelsEnd = Infinity): Promise<void> {
    const done = this.refreshed.then(() => this.readOn(date, panelsEnd))
    this.refreshed = done.catch(() => undefined)
    return done
  }

  private async readOn(date: string, panelsEnd: number): Promise<void> {
    const daysBefore = (days: number): string => shiftTradingDays(profileOf(this.profile), date, -days)
    if (daysBefore(reach.panels) < this.readFrom) this.forgetAll()
    const kept = {
      panels: daysBefore(reach.panels + slack),
      styles: daysBefore(reach.styles + slack),
      inputs: daysBefore(slack),
    }
    if (kept.panels > this.readFrom) this.readFrom = kept.panels
    this.forget(kept)
    for (const [topic, earliest] of [
      ['inputs', kept.styles],
      ['panels', kept.panels],
    ] as const) {
      const from = this.next.get(topic) ?? (await this.bus.offsetOfDate(topic, 0, earliest))
      this.next.set(topic, from)
      for await (const messages of this.bus.read(topic, 0, { from, until: 'end' })) {
        for (const message of messages) {
          if (topic === 'panels' && message.offset >= panelsEnd) return
          // Graphs, exposures and fundamentals are most of `inputs`, and soon nobody's.
          const isNeeded = topic === 'panels' || message.key.startsWith('styles|') || message.date >= kept.inputs
          if (isNeeded) this.take(decode(message.value))
          this.next.set(topic, message.offset + 1)
        }
      }
    }
  }

  /** A worker that stays up keeps as much as one that has just started. */
  private forget(before: { readonly panels: string; readonly styles: string; readonly inputs: string }): void {
    for (const [key, { date, hash }] of this.panels) if (date < before.panels) this.drop(this.panels, key, hash)
    for (const [key, { date, hash, kind }] of this.inputs) {
      if (date < (kind === 'styles' ? before.styles : before.inputs)) this.drop(this.inputs, key, hash)
    }
  }

  private drop(records: Map<string, unknown>, key: string, hash: string): void {
    records.delete(key)
    this.byHash.delete(hash)
  }

  private forgetAll(): void {
    for (const records of [this.panels, this.inputs, this.byHash, this.next]) records.clear()
    this.readFrom = ''
  }

  private take(message: ReturnType<typeof decode>): void {
    if (message.kind === 'panel') {
      const instruments = areSame(message.value.instruments, this.names) ? this.names : message.value.instruments
      this.names = instruments
      const panel = { ...message.value, instruments }
      const key = `${panel.date}|${panel.set}`
      const known = this.panels.get(key)
      if (known === undefined || panel.revision > known.revision) this.panels.set(key, panel)
      this.byHash.set(panel.hash, panel)
    } else if (message.kind === 'input') {
      const { id, kind, revision } = message.value
      const known = this.inputs.get(id)
      if (kind !== 'styles' || known === undefined || revision > known.revision) this.inputs.set(id, message.value)
      this.byHash.set(message.value.hash, message.value)
    }
  }

  /** Panels of one set up to a date, oldest first, at most `count`; a date that was retracted has none. */
  panelsUpTo(set: string, date: string, count: number): Panel[] {
    const found = [...this.panels.values()].filter(
      (panel) => panel.set === set && panel.date <= date && !isRetracted(panel),
    )
    return found.sort((a, b) => (a.date < b.date ? -1 : 1)).slice(-count)
  }

  /** Style returns up to a date, oldest first, at most `count`. */
  stylesUpTo(date: string, count: number): Input[] {
    const found = [...this.inputs.values()].filter(
      (input) => input.kind === 'styles' && input.asOf <= date && !isRetracted(input),
    )
    return found.sort((a, b) => (a.asOf < b.asOf ? -1 : 1)).slice(-count)
  }

  find(hash: string): Panel | Input | undefined {
    return this.byHash.get(hash)
  }
}

/** A retraction publishes records without columns. */
const isRetracted = ({ revision, columns }: Panel | Input): boolean => revision > 0 && columns.length === 0
