import { element, setText } from './elements.ts'
import { directions, themes, type PageState } from './page-state.ts'
import type { StringKey, Translate } from './strings.ts'

type Change = (change: Partial<PageState>) => void

/** Language, theme, colours of direction, and the columns of the grid. */
export class SettingsBar {
  readonly element: HTMLElement
  readonly #labels: { readonly element: Node; readonly key: StringKey }[] = []
  readonly #selects = new Map<'language' | 'theme' | 'direction', HTMLSelectElement>()
  readonly #columns: HTMLElement
  readonly #boxes = new Map<string, { readonly box: HTMLInputElement; readonly label: Text }>()

  constructor(columns: readonly { readonly id: string; readonly en: string; readonly zh: string }[], onChange: Change) {
    const summary = element('summary')
    this.#label(summary, 'columns')
    const list = element('div', { class: 'column-list' })
    for (const { id } of columns) list.append(this.#box(id, onChange))
    this.#columns = element('details', { class: 'column-choice' }, summary, list)
    this.element = element(
      'div',
      { class: 'settings' },
      this.#columns,
      this.#select('language', 'language', ['en', 'zh'], onChange),
      this.#select('theme', 'theme', themes, onChange),
      this.#select('direction', 'direction', directions, onChange),
    )
  }

  show(state: PageState, names: (id: string) => string, say: Translate): void {
    for (const { element: target, key } of this.#labels) setText(target, say(key))
    for (const [name, select] of this.#selects) select.value = state[name]
    for (const [id, { box, label }] of this.#boxes) {
      box.checked = state.columns.includes(id)
      label.data = `${names(id)} ${id}`
    }
  }

  #label(target: Node, key: StringKey): void {
    this.#labels.push({ element: target, key })
  }

  #select(
    name: 'language' | 'theme' | 'direction',
    key: StringKey,
    values: readonly string[],
    onChange: Change,
  ): HTMLElement {
    const options = values.map((value) => {
      const text = document.createTextNode(value === 'en' ? 'English' : value === 'zh' ? '中文' : value)
      if (name !== 'language') this.#label(text, value as StringKey)
      return element('option', { value }, text)
    })
    const select = element('select', {}, ...options)
    select.addEventListener('change', () => onChange({ [name]: select.value }))
    this.#selects.set(name, select)
    const text = document.createTextNode('')
    this.#label(text, key)
    return element('label', {}, text, select)
  }

  #box(id: string, onChange: Change): HTMLElement {
    const box = element('input', { type: 'checkbox' })
    const label = document.createTextNode('')
    this.#boxes.set(id, { box, label })
    box.addEventListener('change', () =>
      onChange({ columns: [...this.#boxes].filter(([, one]) => one.box.checked).map(([chosen]) => chosen) }),
    )
    return element('label', {}, box, label)
  }
}
