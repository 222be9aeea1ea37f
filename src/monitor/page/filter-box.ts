import { element, setText } from './elements.ts'
import { parseFilter, type Known, type Parsed } from './filter.ts'
import type { Translate } from './strings.ts'

/** Where the filter is typed. A token that cannot be read is shown and underlined, and the last good filter stays. */
export class FilterBox {
  readonly element: HTMLElement
  readonly #input = element('input', { type: 'search', spellcheck: 'false', autocomplete: 'off' })
  readonly #bad = element('span', { class: 'bad', role: 'status' })
  readonly #matches = element('span', { class: 'matches' })
  readonly #known: Known
  readonly #onFilter: (text: string, parsed: Parsed) => void
  #say: Translate = (key) => key

  constructor(known: Known, onFilter: (text: string, parsed: Parsed) => void) {
    this.#known = known
    this.#onFilter = onFilter
    this.#input.addEventListener('input', () => this.#read())
    this.element = element('div', { class: 'filter' }, this.#input, this.#bad, this.#matches)
  }

  /** The filter of an address; one that cannot be read filters nothing. */
  begin(text: string): Parsed {
    this.#input.value = text
    const parsed = parseFilter(text, this.#known)
    return 'reason' in parsed ? { filter: null, ids: [] } : parsed
  }

  set(text: string): void {
    this.#input.value = text
    this.#read()
  }

  focus(): void {
    this.#input.focus()
    this.#input.select()
  }

  label(say: Translate): void {
    this.#say = say
    this.#input.placeholder = say('filterHint')
    this.#input.setAttribute('aria-label', say('filter'))
  }

  showMatches(matched: number, all: number): void {
    setText(this.#matches, this.#say('matches', matched.toLocaleString('en-US'), all.toLocaleString('en-US')))
  }

  #read(): void {
    const text = this.#input.value
    const parsed = parseFilter(text, this.#known)
    if ('reason' in parsed) {
      const [before, after] = this.#say('filterBad', '\0', parsed.reason).split('\0')
      this.#bad.replaceChildren(before, element('u', {}, parsed.token), after)
      this.#input.setAttribute('aria-invalid', 'true')
      return
    }
    this.#bad.replaceChildren()
    this.#input.removeAttribute('aria-invalid')
    this.#onFilter(text, parsed)
  }
}
