import type { Hello } from '../protocol/messages.ts'
import { minuteLabel } from '../protocol/phase.ts'
import { button, element, setAttribute, setText } from './elements.ts'
import type { Translate } from './strings.ts'

/** Chooses a sealed minute of the day; at its right end the page is live. */
export class TimeBar {
  readonly element: HTMLElement
  readonly #hello: Hello
  readonly #slider: HTMLInputElement
  readonly #label = element('output')
  readonly #live: HTMLButtonElement
  readonly #name = element('span')

  constructor(hello: Hello, onMinute: (minute: number | null) => void) {
    this.#hello = hello
    this.#slider = element('input', { type: 'range', min: '-1', max: '-1', step: '1', 'aria-label': 'Minute / 分钟' })
    this.#slider.addEventListener('input', () => onMinute(Number(this.#slider.value)))
    this.#live = button('', () => onMinute(null))
    this.element = element('div', { class: 'time-bar' }, this.#name, this.#slider, this.#label, this.#live)
  }

  /** `newest`: last minute that is sealed; `earlier`: the one that is shown, null = live. */
  show(newest: number | null, earlier: number | null, say: Translate): void {
    this.element.hidden = newest === null
    if (newest === null) return
    setAttribute(this.#slider, 'max', String(newest))
    const value = String(earlier ?? newest)
    if (this.#slider.value !== value) this.#slider.value = value
    const text = minuteLabel(this.#hello.profile, earlier ?? newest)
    setText(this.#name, say('timeMachine'))
    setText(this.#label, text)
    setAttribute(this.#slider, 'aria-valuetext', text)
    setText(this.#live, say('live_L'))
    this.#live.hidden = earlier === null
  }
}
