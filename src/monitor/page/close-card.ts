import type { CloseCard, StatusTick } from '../protocol/messages.ts'
import { element, setAttribute, setText } from './elements.ts'
import { formatSpan } from './format.ts'
import type { Translate } from './strings.ts'

/** From the end of trading on: how far the close is, what it waits for, and how it ended. */
export class CloseView {
  readonly element: HTMLElement
  readonly #badge = element('strong', { class: 'badge' })
  readonly #steps = element('span', { class: 'steps' })

  constructor() {
    this.element = element('section', { class: 'close-card', 'aria-live': 'off' }, this.#badge, this.#steps)
  }

  show({ close, phase, isToday, now }: StatusTick, say: Translate): void {
    const isOver = !isToday || phase === 'after'
    this.element.hidden = close.state === 'open' && !isOver
    setText(this.#badge, badgeText(close, say))
    setAttribute(this.#badge, 'data-state', close.state)
    setText(this.#steps, stepsText(close, now, say))
  }
}

function badgeText(close: CloseCard, say: Translate): string {
  switch (close.state) {
    case 'open':
      return say('waiting')
    case 'closing':
      return say('closing')
    case 'overdue':
      return say('overdue')
    case 'failed':
      return say('failed')
    case 'complete':
      return say('complete', close.revision + 1, close.completedAt)
    case 'degraded':
      return say('degraded', close.revision + 1, close.completedAt, close.cause)
    case 'retracted':
      return say('retracted', close.revision + 1, close.cause)
  }
}

function stepsText(close: CloseCard, now: number, say: Translate): string {
  const steps = [
    say('closePartitions', close.partitionsClosed, close.partitions),
    say('closePanels', close.panels.join(' ') || '0'),
    say('closeResults', close.results.length, close.jobs),
    `${say('closeMlC')} ${close.hasMlC ? '✓' : '–'}`,
  ].join(' → ')
  const times = [
    close.elapsedSeconds === null ? '' : say('closeElapsed', formatSpan(close.elapsedSeconds)),
    close.usualSeconds === null ? '' : say('closeUsual', formatSpan(close.usualSeconds)),
    close.deadline === null ? '' : say('closeDeadline', formatSpan((close.deadline - now) / 1000)),
  ].filter((text) => text !== '')
  return [steps, ...times].join(' · ')
}
