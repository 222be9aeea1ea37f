import type { Hello, Measured, PartitionQuality, RefusedEvents, StatusTick } from '../protocol/messages.ts'
import { minuteLabel } from '../protocol/phase.ts'
import { element } from './elements.ts'
import { formatAge, formatCount, formatShare } from './format.ts'
import { shapeOf, textOf } from './strip.ts'
import type { Translate } from './strings.ts'

/** How good the data are, partition by partition, and what was late or refused, with offset and reason. */
export class QualityView {
  readonly element = element('section', { class: 'quality' })
  readonly #hello: Hello
  readonly #table = element('div')
  readonly #refused = element('div')
  #shown = ''

  constructor(hello: Hello) {
    this.#hello = hello
    this.element.append(this.#table, this.#refused)
  }

  show(tick: StatusTick, say: Translate): void {
    const heads = [
      'partition',
      'minute',
      'lag',
      'sealedAge',
      'gaps',
      'late',
      'quarantined',
      'coverage',
      'events',
      'state',
      'owner',
    ] as const
    const rows = tick.parts.map((part) => element('tr', {}, ...this.#cells(part, say)))
    this.#table.replaceChildren(
      tableOf(
        heads.map((key) => say(key)),
        rows,
      ),
    )
    void this.#showRefused(tick, say)
  }

  #cells(part: PartitionQuality, say: Translate): HTMLElement[] {
    const cell = (text: string, health = ''): HTMLElement => element('td', { 'data-health': health }, text)
    const measured = (one: Measured, text: string): HTMLElement => cell(`${shapeOf(one.health)} ${text}`, one.health)
    const { profile } = this.#hello
    const state = part.closed === 'no' ? 'running' : part.closed === 'yes' ? 'closed' : 'closedDegraded'
    return [
      cell(String(part.partition)),
      cell(part.minute === null ? '–' : minuteLabel(profile, part.minute)),
      measured(part.lag, textOf(part.lag, formatAge)),
      measured(part.sealedAge, textOf(part.sealedAge, formatAge)),
      measured(part.gaps, `${formatCount(part.gapNames)} / ${formatCount(part.names)}`),
      measured(part.late, formatCount(part.lateEvents)),
      measured(part.quarantined, formatCount(part.quarantinedEvents)),
      measured(part.coverage, textOf(part.coverage, formatShare)),
      cell(part.events === null ? '–' : formatCount(part.events)),
      cell(say(state)),
      cell(part.owner),
    ]
  }

  /** Lists are asked for when a count changed. */
  async #showRefused({ date, counts }: StatusTick, say: Translate): Promise<void> {
    const shown = `${date} ${counts.late} ${counts.quarantined} ${say('lateEvents')}`
    if (shown === this.#shown) return
    this.#shown = shown
    const answer = await fetch('/api/refused').catch(() => null)
    if (answer?.ok !== true) return void (this.#shown = '')
    const { late, quarantined } = (await answer.json()) as RefusedEvents
    const row = (...texts: readonly string[]): HTMLElement =>
      element('tr', {}, ...texts.map((text) => element('td', {}, text)))
    this.#refused.replaceChildren(
      element('h2', {}, say('lateEvents')),
      late.length === 0
        ? element('p', {}, say('none'))
        : tableOf(
            [say('partition'), say('offset'), say('symbol'), say('chain'), say('behind')],
            late.map((one) =>
              row(String(one.partition), String(one.offset), one.instrument, one.chain, formatAge(one.seconds)),
            ),
          ),
      element('h2', {}, say('quarantinedEvents')),
      quarantined.length === 0
        ? element('p', {}, say('none'))
        : tableOf(
            [say('topic'), say('partition'), say('offset'), say('row'), say('reason')],
            quarantined.map((one) =>
              row(one.topic, String(one.partition), String(one.offset), String(one.row), `${one.code}: ${one.detail}`),
            ),
          ),
    )
  }
}

function tableOf(heads: readonly string[], rows: readonly HTMLElement[]): HTMLElement {
  const head = element('tr', {}, ...heads.map((text) => element('th', { scope: 'col' }, text)))
  return element('table', { class: 'plain' }, element('thead', {}, head), element('tbody', {}, ...rows))
}
