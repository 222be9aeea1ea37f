import { element } from './elements.ts'
import type { Translate } from './strings.ts'
import type { UniverseSource } from './universe-source.ts'

const shown = 10

/** On a phone: the pinned names, then the first and last ten of the order. */
export class ShortList {
  readonly element = element('section', { class: 'short-list' })
  readonly #onOpen: (symbol: string) => void

  constructor(onOpen: (symbol: string) => void) {
    this.#onOpen = onOpen
  }

  draw(source: UniverseSource, say: Translate): void {
    const rows = [...Array(source.rowCount).keys()]
    const pinned = rows.filter((row) => source.isPinned(row))
    const others = rows.slice(pinned.length)
    const parts = [
      [say('pinned'), pinned],
      [say('top'), others.slice(0, shown)],
      [say('bottom'), others.slice(Math.max(shown, others.length - shown))],
    ] as const
    this.element.replaceChildren(
      ...parts
        .filter(([, own]) => own.length > 0)
        .flatMap(([title, own]) => [
          element('h2', {}, title),
          element('ul', {}, ...own.map((row) => this.#row(source, row))),
        ]),
    )
  }

  #row(source: UniverseSource, row: number): HTMLElement {
    const symbol = source.keyOf(row)
    // Symbol, name and the first two values.
    const cells = [0, 1, 2, 3].slice(0, source.columns.length).map((column) => {
      const { text, look } = source.cell(row, column)
      return element('span', { 'data-look': look }, text)
    })
    const open = element('button', { type: 'button' }, ...cells)
    open.addEventListener('click', () => this.#onOpen(symbol))
    return element('li', {}, open)
  }
}
