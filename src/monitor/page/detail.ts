import type { ColumnInfo, Hello, InstrumentDay, InstrumentHistory } from '../protocol/messages.ts'
import { minuteLabel } from '../protocol/phase.ts'
import { chart } from './charts.ts'
import { button, element } from './elements.ts'
import { formatValue, noValueText } from './format.ts'
import type { Language, StringKey, Translate } from './strings.ts'

/** One instrument's day: price, flow by order size, imbalance and order flow over the session, then every value. */
export class Detail {
  readonly element: HTMLElement
  readonly #hello: Hello
  readonly #content = element('div', { class: 'detail-content' })
  #day: InstrumentDay | null = null
  #history: InstrumentHistory | null = null
  #asked = ''

  constructor(hello: Hello, onClose: () => void) {
    this.#hello = hello
    const close = button('×', onClose, { class: 'close', 'aria-label': 'Close / 关闭' })
    this.element = element(
      'aside',
      { class: 'detail', tabindex: '-1', 'aria-label': 'Instrument / 证券' },
      close,
      this.#content,
    )
    this.element.hidden = true
  }

  /** Asks for an instrument anew and shows it; '' shows nothing. Values are those of now, whatever minute is shown. */
  async show(symbol: string, language: Language, say: Translate): Promise<void> {
    this.element.hidden = symbol === ''
    if (symbol !== this.#asked) this.#history = this.#day = null
    this.#asked = symbol
    if (symbol === '') return
    const query = `symbol=${encodeURIComponent(symbol)}`
    this.#day = await answerOf<InstrumentDay>(`/api/instrument?${query}`)
    if (symbol !== this.#asked) return
    this.draw(language, say)
    if (this.#history !== null) return
    this.#history = await answerOf<InstrumentHistory>(`/api/history?${query}`)
    if (symbol === this.#asked) this.draw(language, say)
  }

  draw(language: Language, say: Translate): void {
    const day = this.#day
    if (day === null) return this.#content.replaceChildren(element('p', {}, say('noValue')))
    const title = element('h2', {}, `${day.symbol} ${day.name}`)
    const state = element(
      'p',
      { class: 'note' },
      `${day.industry} · ${say(day.isProvisional ? 'provisional' : 'finalDay')}`,
    )
    this.#content.replaceChildren(title, state, ...this.#charts(day, language, say), this.#values(day, language, say))
  }

  #charts(day: InstrumentDay, language: Language, say: Translate): HTMLElement[] {
    const { profile } = this.#hello
    const first = day.minutes[0] ?? 0
    // An axis of session minutes: the break takes no room.
    const places = profile.minutes + 1 - first
    const along = (id: string) => spread(day.minutes, day.series[id] ?? [], first, places)
    const axis = {
      from: minuteLabel(profile, first),
      to: minuteLabel(profile, profile.minutes),
      places,
      gaps: day.gaps.map((minute) => minute - first),
    }
    const price = (value: number): string => formatValue('price', value, language, profile.priceTick)
    const ratio = (value: number): string => formatValue('ratio', value, language)
    const line = (key: StringKey, id: string, look: string) => ({ label: say(key), values: along(id), look })
    return [
      chart({
        ...axis,
        title: `${say('price')}, ${say('volume')} [${profile.currency}]`,
        lines: [line('price', 'bar_close', 'one'), line('vwap', 'pv_vwap', 'two')],
        bars: along('bar_volume'),
        format: price,
      }),
      chart({
        ...axis,
        title: say('flow'),
        lines: [
          line('small', 'c_nbr_s', 'one'),
          line('medium', 'c_nbr_m', 'two'),
          line('large', 'c_nbr_l', 'three'),
          line('extraLarge', 'c_nbr_xl', 'four'),
        ],
        format: ratio,
      }),
      chart({ ...axis, title: say('imbalance'), lines: [line('imbalance', 'hf_imb1', 'one')], format: ratio }),
      chart({ ...axis, title: say('ofi'), lines: [line('ofi', 'hf_ofi', 'one')], format: ratio }),
      ...this.#historyChart(price, say),
    ]
  }

  #historyChart(price: (value: number) => string, say: Translate): HTMLElement[] {
    const history = this.#history
    if (history === null) return []
    if (history.problem !== '') return [element('p', { class: 'note' }, `${say('store')}: ${history.problem}`)]
    if (history.dates.length === 0) return []
    return [
      chart({
        title: say('history'),
        lines: [{ label: say('price'), values: history.values['pv_close'] ?? [], look: 'one' }],
        from: history.dates[0],
        to: history.dates.at(-1) as string,
        places: history.dates.length,
        format: price,
      }),
    ]
  }

  /** Every value, rounded for reading; the title has all its digits. */
  #values(day: InstrumentDay, language: Language, say: Translate): HTMLElement {
    const { profile, columns } = this.#hello
    const rows = columns.map((info) => {
      const value = day.values[info.id] ?? null
      const text = value === null ? noValueText : formatValue(info.display, value, language, profile.priceTick)
      const title = value === null ? say(info.intraday ? 'noValue' : 'noValueYet') : String(value)
      return element(
        'tr',
        { 'data-id': info.id },
        element('th', { scope: 'row', title: tipOf(info) }, language === 'zh' ? info.zh : info.en),
        element('td', { class: 'rule' }, info.rule),
        element('td', { class: 'number', title }, text),
      )
    })
    return element('table', { class: 'values' }, element('tbody', {}, ...rows))
  }
}

const tipOf = ({ id, formula, unit }: ColumnInfo): string => `${id}\n${formula}\n[${unit}]`

function spread(
  minutes: readonly number[],
  values: readonly (number | null)[],
  first: number,
  places: number,
): (number | null)[] {
  const along = new Array<number | null>(places).fill(null)
  minutes.forEach((minute, i) => (along[minute - first] = values[i] ?? null))
  return along
}

async function answerOf<T>(url: string): Promise<T | null> {
  const answer = await fetch(url).catch(() => null)
  return answer?.ok === true ? ((await answer.json()) as T) : null
}
