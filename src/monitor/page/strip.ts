import type { Health } from '../../../schemas/limits.ts'
import type { Hello, Measured, StatusTick } from '../protocol/messages.ts'
import { minuteLabel } from '../protocol/phase.ts'
import { element, setAttribute, setText } from './elements.ts'
import { formatAge, formatCount, formatShare, formatSpan } from './format.ts'
import type { Translate } from './strings.ts'

/** Red means up in a market: health is a shape with a word. */
const shapes: Readonly<Record<Health, string>> = { green: '●', amber: '▲', red: '■', unknown: '○' }

const measures = ['lag', 'sealedAge', 'gaps', 'late', 'quarantined', 'coverage'] as const
type MeasureName = (typeof measures)[number]

/** How long ago the server was heard, and whether the connection stands. */
export interface Link {
  readonly state: 'open' | 'lost' | 'refused'
  readonly silentSeconds: number
}

const staleSeconds = 5
const disconnectedSeconds = 15
/** How often a lost stream is tried again; the server tells browsers the same. */
export const retrySeconds = 2

/** The line above everything: deployment, exchange time, phase, countdown, freshness; then quality. */
export class Strip {
  readonly element: HTMLElement
  readonly #title = element('strong')
  readonly #time = element('span', { class: 'time' })
  readonly #phase = element('span', { class: 'phase' })
  readonly #countdown = element('span')
  readonly #freshness = element('span', { class: 'freshness' })
  readonly #items = new Map<MeasureName | 'store', HTMLElement>()
  readonly #hello: Hello

  constructor(hello: Hello) {
    this.#hello = hello
    const quality = element('div', { class: 'quality-line' })
    for (const name of [...measures, 'store'] as const) {
      const item = element('span', { class: 'measure' })
      this.#items.set(name, item)
      quality.append(item)
    }
    this.element = element(
      'header',
      { class: 'strip' },
      element('div', { class: 'strip-line' }, this.#title, this.#time, this.#phase, this.#countdown, this.#freshness),
      quality,
    )
  }

  show(tick: StatusTick, link: Link, earlier: number | null, say: Translate): void {
    const { deployment, profile } = this.#hello
    setText(this.#title, `closebell ${deployment}·${profile.name} ${tick.date}`)
    setText(this.#time, `${clockSeconds(tick.localTime)} UTC${offsetText(profile.utcOffsetMinutes)}`)
    setText(this.#phase, tick.isToday ? say(tick.phase) : '')
    setText(this.#countdown, tick.isToday && tick.next !== null ? say(tick.next, formatSpan(tick.leftSeconds)) : '')
    this.#showFreshness(tick, link, earlier, say)
    const { quality, counts } = tick
    this.#measure('lag', quality.lag, say('lag'), textOf(quality.lag, formatAge))
    this.#measure(
      'sealedAge',
      quality.sealedAge,
      say('sealedParts', tick.sealedPartitions, tick.partitions),
      quality.sealedAge.value === null ? '' : formatAge(quality.sealedAge.value),
    )
    this.#measure('gaps', quality.gaps, say('gaps'), formatCount(counts.gaps))
    this.#measure('late', quality.late, say('late'), formatCount(counts.late))
    this.#measure('quarantined', quality.quarantined, say('quarantined'), formatCount(counts.quarantined))
    this.#measure('coverage', quality.coverage, say('coverage'), textOf(quality.coverage, formatShare))
    const store = this.#items.get('store') as HTMLElement
    store.hidden = tick.store === ''
    setText(store, `${shapes.amber} ${say('store')} ${tick.store.split(':')[0]}`)
    setAttribute(store, 'title', tick.store)
    setAttribute(store, 'data-health', 'amber')
    for (const [name, item] of this.#items) {
      if (name !== 'store') setAttribute(item, 'title', `${say(name)}: ${say(quality[name].health)}`)
    }
  }

  #showFreshness(tick: StatusTick, link: Link, earlier: number | null, say: Translate): void {
    const state = freshnessOf(link)
    const { profile } = this.#hello
    const text =
      state === 'disconnected'
        ? say('disconnected', retrySeconds)
        : state === 'stale'
          ? say('stale', Math.floor(link.silentSeconds))
          : earlier !== null
            ? say('asOf', minuteLabel(profile, earlier))
            : tick.read < 1
              ? say('reading', Math.floor(100 * tick.read))
              : tick.minute === null
                ? say('notYet')
                : say(tick.isToday ? 'live' : 'past', minuteLabel(profile, tick.minute))
    setText(this.#freshness, text)
    setAttribute(
      this.#freshness,
      'data-state',
      state === 'live' && earlier !== null ? 'earlier' : state === 'live' && !tick.isToday ? 'past' : state,
    )
    const lead = state === 'live' ? '' : `${text} · `
    document.title = `${lead}closebell ${tick.date}`
  }

  #measure(name: MeasureName, { health }: Measured, label: string, text: string): void {
    const item = this.#items.get(name) as HTMLElement
    setText(item, `${shapes[health]} ${label}${text === '' ? '' : ` ${text}`}`)
    setAttribute(item, 'data-health', health)
  }
}

export const freshnessOf = ({ state, silentSeconds }: Link): 'live' | 'stale' | 'disconnected' =>
  silentSeconds >= disconnectedSeconds || state === 'refused'
    ? 'disconnected'
    : silentSeconds >= staleSeconds
      ? 'stale'
      : 'live'

export const shapeOf = (health: Health): string => shapes[health]

export const textOf = ({ value }: Measured, format: (value: number) => string): string =>
  value === null ? '–' : format(value)

function clockSeconds(localTime: number): string {
  const seconds = ((Math.floor(localTime) % 86_400) + 86_400) % 86_400
  return [seconds / 3600, (seconds / 60) % 60, seconds % 60]
    .map((part) => String(Math.floor(part)).padStart(2, '0'))
    .join(':')
}

const offsetText = (minutes: number): string => `${minutes < 0 ? '\u2212' : '+'}${Math.abs(minutes) / 60}`
