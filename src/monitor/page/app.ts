import { qualityColumn, type Hello, type StatusTick } from '../protocol/messages.ts'
import { CloseView } from './close-card.ts'
import { Detail } from './detail.ts'
import { button, element, setAttribute, setText } from './elements.ts'
import { Factors } from './factors.ts'
import { FilterBox } from './filter-box.ts'
import type { Parsed } from './filter.ts'
import { tabs, writeState, type Initial, type PageState, type Tab } from './page-state.ts'
import { QualityView } from './quality.ts'
import { sectorIds, SectorSource } from './sectors.ts'
import { SettingsBar } from './settings-bar.ts'
import { ShortList } from './short-list.ts'
import { translator, type StringKey, type Translate } from './strings.ts'
import { freshnessOf, Strip, type Link } from './strip.ts'
import { TimeBar } from './time-bar.ts'
import { UniverseSource } from './universe-source.ts'
import { VirtualGrid } from './virtual-grid.ts'
import type { Report, Request, ShownSection } from './worker-messages.ts'

const tabKeys: Readonly<Record<Tab, StringKey>> = {
  grid: 'tabGrid',
  sectors: 'tabSectors',
  factors: 'tabFactors',
  quality: 'tabQuality',
}

/** Columns that can be sorted without being sent. */
const textColumns = ['symbol', 'name', 'industry']

/** The page: what the worker reports is shown, what the reader does changes the state and the address. */
export class App {
  readonly #hello: Hello
  /** The style shows the short list in place of the grid. */
  readonly #phone = matchMedia('(max-width: 640px)')
  readonly #worker: Worker
  readonly #state: PageState
  readonly #initial: Initial
  readonly #source: UniverseSource
  readonly #sectors = new SectorSource()
  readonly #strip: Strip
  readonly #close = new CloseView()
  readonly #filterBox: FilterBox
  readonly #grid: VirtualGrid
  readonly #sectorGrid: VirtualGrid
  readonly #factors: Factors
  readonly #quality: QualityView
  readonly #detail: Detail
  readonly #timeBar: TimeBar
  readonly #settings: SettingsBar
  readonly #shortList: ShortList
  readonly #orderNote = button('', () => this.#takeOrder(), { class: 'order-note' })
  readonly #empty = element('p', { class: 'empty' })
  readonly #status = element('p', { class: 'sr-only', role: 'status', 'aria-live': 'polite' })
  readonly #keys = element('dialog', { class: 'keys' })
  readonly #tabs = new Map<Tab, HTMLButtonElement>()
  readonly #panels: Readonly<Record<Tab, HTMLElement>>
  #say: Translate
  #parsed: Parsed
  #watched = ''
  #tick: StatusTick | null = null
  #heardAt: number
  #link: Link['state'] = 'lost'
  /** The next order follows something the reader did: it is shown at once. */
  #isAsked = true
  #detailMinute = ''
  /** The earlier minute that the values on the page are of, whichever was asked for; null = live. */
  #shownMinute: number | null = null

  constructor(hello: Hello, state: PageState, initial: Initial, worker: Worker, now: number) {
    this.#hello = hello
    this.#state = state
    this.#initial = initial
    this.#worker = worker
    this.#heardAt = now
    this.#say = translator(state.language)
    this.#source = new UniverseSource(hello)
    this.#strip = new Strip(hello)
    const known = new Set(hello.columns.map(({ id }) => id))
    this.#filterBox = new FilterBox({ ids: known, flags: hello.flags }, (text, parsed) => this.#filtered(text, parsed))
    this.#parsed = this.#filterBox.begin(state.filter)
    this.#grid = new VirtualGrid('Universe / 全市场', {
      onOpen: (symbol) => this.#change({ selected: symbol }),
      onPin: (symbol) => this.#pin(symbol),
      onSort: (id) => this.#sortBy(id),
    })
    this.#sectorGrid = new VirtualGrid('Sectors / 行业', {
      onOpen: (industry) => this.#filterIndustry(industry),
      onPin: () => undefined,
      onSort: () => undefined,
    })
    this.#factors = new Factors((symbol) => this.#change({ selected: symbol }))
    this.#quality = new QualityView(hello)
    this.#detail = new Detail(hello, () => this.#change({ selected: '' }))
    this.#timeBar = new TimeBar(hello, (minute) => this.#change({ minute }))
    this.#settings = new SettingsBar(hello.columns, (change) => this.#change(change))
    this.#shortList = new ShortList((symbol) => this.#change({ selected: symbol }))
    const gridPanel = element(
      'section',
      { class: 'panel grid-panel' },
      this.#empty,
      this.#grid.element,
      this.#shortList.element,
    )
    this.#panels = {
      grid: gridPanel,
      sectors: element('section', { class: 'panel' }, this.#sectorGrid.element),
      factors: element('section', { class: 'panel' }, this.#factors.element),
      quality: element('section', { class: 'panel' }, this.#quality.element),
    }
    this.#build()
    worker.onmessage = ({ data }: MessageEvent<Report>) => this.#take(data, performance.now())
    document.addEventListener('keydown', (event) => this.#keyDown(event))
    document.addEventListener('visibilitychange', () => this.#woken())
    this.#order()
    this.#post({ type: 'minute', minute: state.minute })
    this.#apply()
  }

  /** Called each second: a page that hears nothing says so. */
  beat(now: number): void {
    if (this.#tick === null) return
    const link: Link = { state: this.#link, silentSeconds: (now - this.#heardAt) / 1000 }
    this.#strip.show(this.#tick, link, this.#shownMinute, this.#say)
    document.body.classList.toggle('silent', freshnessOf(link) !== 'live')
    if (this.#source.pass(now)) this.#showGrid()
  }

  #build(): void {
    const tabList = element('div', { role: 'tablist', class: 'tabs', 'aria-label': 'Views / 视图' })
    for (const tab of tabs) {
      const made = button('', () => this.#change({ tab }), {
        role: 'tab',
        id: `tab-${tab}`,
        'aria-controls': `panel-${tab}`,
      })
      const panel = this.#panels[tab]
      panel.id = `panel-${tab}`
      panel.setAttribute('role', 'tabpanel')
      panel.setAttribute('aria-labelledby', `tab-${tab}`)
      this.#tabs.set(tab, made)
      tabList.append(made)
    }
    tabList.addEventListener('keydown', (event) => this.#tabKey(event))
    const bar = element(
      'div',
      { class: 'bar' },
      tabList,
      this.#filterBox.element,
      this.#orderNote,
      this.#settings.element,
    )
    const panels = element('div', { class: 'panels' }, ...Object.values(this.#panels))
    this.#keys.append(
      element('h2'),
      element('p'),
      button('×', () => this.#keys.close(), { 'aria-label': 'Close / 关闭' }),
    )
    document.body.append(
      this.#strip.element,
      this.#close.element,
      element(
        'main',
        { class: 'main' },
        bar,
        element('div', { class: 'content' }, panels, this.#detail.element),
        this.#timeBar.element,
      ),
      this.#status,
      this.#keys,
    )
  }

  #post(request: Request): void {
    this.#worker.postMessage(request)
  }

  #take(report: Report, now: number): void {
    switch (report.type) {
      case 'section':
        this.#heardAt = now
        return this.#takeSection(report, now)
      case 'order':
        return this.#takeNewOrder(report.order, true)
      case 'absent':
        return this.#state.minute === report.minute ? this.#change({ minute: null }) : undefined
      case 'status':
        this.#heardAt = now
        this.#tick = report.tick
        return this.#showTick(report.tick, now)
      case 'link':
        this.#link = report.state
        if (report.state === 'refused') setText(this.#status, this.#say('tokenNeeded'))
    }
  }

  #takeSection(section: ShownSection, now: number): void {
    this.#source.take(section, now)
    this.#shownMinute = section.minute
    document.body.classList.toggle('earlier', section.minute !== null)
    this.beat(now)
    this.#takeNewOrder(section.order, this.#isAsked)
    this.#isAsked = false
    if (this.#state.tab === 'sectors') this.#showSectors()
    const minute = `${section.mark.date} ${section.mark.minute} ${section.mark.isFinal}`
    if (minute !== this.#detailMinute && this.#state.selected !== '') void this.#showDetail()
    this.#detailMinute = minute
  }

  /** Rows move when the reader asked for it, or is not looking at one of them. */
  #takeNewOrder(order: Int32Array, isAsked: boolean): void {
    if (isAsked || this.#grid.isAtRest || order.length !== this.#source.order.length) this.#source.setOrder(order)
    else this.#source.pending = isSame(order, this.#source.order) ? null : order
    this.#showGrid()
  }

  #takeOrder(): void {
    if (this.#source.pending !== null) this.#source.setOrder(this.#source.pending)
    this.#showGrid()
  }

  #showGrid(): void {
    const { universe, order, pending } = this.#source
    this.#source.pinned = this.#state.pinned
    this.#orderNote.hidden = pending === null
    this.#filterBox.showMatches(order.length, universe.symbols.length)
    this.#empty.hidden = order.length > 0
    setText(
      this.#empty,
      universe.symbols.length > 0
        ? this.#say('emptyFilter')
        : `${this.#say('empty')} ${this.#say('sessionHint', this.#hello.profile.calendar)}`,
    )
    if (this.#state.tab !== 'grid') return
    if (this.#phone.matches) this.#shortList.draw(this.#source, this.#say)
    else this.#grid.show(this.#source, this.#state.sort)
  }

  #showSectors(): void {
    this.#sectors.take(this.#source)
    this.#sectorGrid.show(this.#sectors, { id: 'amount', descending: true })
  }

  #showTick(tick: StatusTick, now: number): void {
    this.beat(now)
    this.#close.show(tick, this.#say)
    this.#timeBar.show(tick.minute, this.#state.minute, this.#say)
    if (this.#state.tab === 'quality') this.#quality.show(tick, this.#say)
    if (this.#state.tab === 'factors') void this.#factors.refresh(tick.factorsVersion, this.#state.language, this.#say)
  }

  #showDetail(): Promise<void> {
    return this.#detail.show(this.#state.selected, this.#state.language, this.#say)
  }

  /** Everything that the state says, anew. */
  #apply(): void {
    const { language, theme, direction, columns, tab } = this.#state
    this.#say = translator(language)
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en'
    setAttribute(document.documentElement, 'data-theme', theme)
    setAttribute(document.documentElement, 'data-direction', direction)
    for (const [name, made] of this.#tabs) {
      setText(made, this.#say(tabKeys[name]))
      setAttribute(made, 'aria-selected', String(name === tab))
      made.tabIndex = name === tab ? 0 : -1
      this.#panels[name].hidden = name !== tab
    }
    setText(this.#orderNote, this.#say('orderChanged'))
    const [title, text] = this.#keys.children
    setText(title, this.#say('keys'))
    setText(text, this.#say('keysText'))
    this.#filterBox.label(this.#say)
    const names = new Map(this.#hello.columns.map((info) => [info.id, language === 'zh' ? info.zh : info.en]))
    this.#settings.show(this.#state, (id) => names.get(id) ?? id, this.#say)
    this.#source.arrange(columns, language, this.#say)
    this.#sectors.arrange(language, this.#say)
    this.#watch()
    this.#showGrid()
    if (tab === 'sectors') this.#showSectors()
    if (this.#tick !== null) this.#showTick(this.#tick, performance.now())
    this.#factors.draw(language, this.#say)
    void this.#showDetail()
    this.#detail.draw(language, this.#say)
    const address = writeState(this.#state, this.#initial)
    history.replaceState(null, '', address === '' ? location.pathname : address)
  }

  /** The stream carries what is shown, sorted by, filtered by or added up; it is opened anew when that changes. */
  #watch(): void {
    const { columns, sort } = this.#state
    const sorted = textColumns.includes(sort.id) ? [] : [sort.id]
    const ids = [...new Set([...columns, ...sectorIds, ...sorted, ...this.#parsed.ids])]
      .filter((id) => id !== qualityColumn)
      .sort()
    const known = ids.filter((id) => this.#hello.columns.some((column) => column.id === id))
    if (this.#watched === known.join(',')) return
    this.#isAsked = true
    this.#watched = known.join(',')
    this.#post({ type: 'watch', ids: known })
  }

  #order(): void {
    const { sort, pinned } = this.#state
    this.#isAsked = true
    this.#post({ type: 'order', sort, filter: this.#parsed.filter, pinned })
  }

  #change(change: Partial<PageState>): void {
    const before = { ...this.#state }
    Object.assign(this.#state, change)
    this.#apply()
    const { sort, pinned, filter, minute } = this.#state
    if (sort !== before.sort || pinned !== before.pinned || filter !== before.filter) this.#order()
    if (minute !== before.minute) {
      this.#isAsked = true
      this.#post({ type: 'minute', minute })
    }
  }

  #filtered(filter: string, parsed: Parsed): void {
    this.#parsed = parsed
    this.#change({ filter })
  }

  #filterIndustry(industry: string): void {
    this.#change({ tab: 'grid' })
    this.#filterBox.set(industry === '' ? '' : `ind:${industry.replaceAll(/\s+/g, ' ').split(' ')[0]}`)
    this.#grid.focus()
  }

  #sortBy(id: string): void {
    const { sort } = this.#state
    const isSame = sort.id === id
    this.#change({ sort: { id, descending: isSame ? !sort.descending : !textColumns.includes(id) } })
  }

  #pin(symbol: string): void {
    const { pinned } = this.#state
    this.#change({ pinned: pinned.includes(symbol) ? pinned.filter((one) => one !== symbol) : [...pinned, symbol] })
  }

  #step(by: number): void {
    const newest = this.#tick?.minute ?? null
    if (newest === null) return
    const minute = Math.max(-1, (this.#state.minute ?? newest) + by)
    this.#change({ minute: minute >= newest ? null : minute })
  }

  /** Keys of the page stand only where nothing is typed. */
  #keyDown(event: KeyboardEvent): void {
    const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement
    if (event.key === 'Escape') {
      if (isTyping) return this.#grid.focus()
      if (this.#state.selected === '') return
      this.#change({ selected: '' })
      return this.#grid.focus()
    }
    if (isTyping || event.ctrlKey || event.altKey || event.metaKey) return
    const act = this.#acts[event.key]
    if (act === undefined) return
    event.preventDefault()
    act()
  }

  readonly #acts: Readonly<Record<string, () => void>> = {
    '/': () => this.#filterBox.focus(),
    '[': () => this.#step(-1),
    ']': () => this.#step(1),
    L: () => this.#change({ minute: null }),
    l: () => this.#change({ minute: null }),
    R: () => this.#takeOrder(),
    r: () => this.#takeOrder(),
    '?': () => this.#keys.showModal(),
  }

  #tabKey(event: KeyboardEvent): void {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (step === 0) return
    event.preventDefault()
    const tab = tabs[(tabs.indexOf(this.#state.tab) + step + tabs.length) % tabs.length]
    this.#change({ tab })
    this.#tabs.get(tab)?.focus()
  }

  /** A tab that slept may hold a dead connection: it begins anew, with a whole snapshot. */
  #woken(): void {
    if (document.visibilityState === 'visible' && performance.now() - this.#heardAt > 5000)
      this.#post({ type: 'reconnect' })
  }
}

const isSame = (a: Int32Array, b: Int32Array): boolean => a.length === b.length && a.every((value, i) => value === b[i])
