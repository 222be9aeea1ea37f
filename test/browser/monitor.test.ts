import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatValue } from '../../src/monitor/page/format.ts'
import { gridColumns, shownColumns } from '../../src/monitor/protocol/columns.ts'
import { minuteLabel } from '../../src/monitor/protocol/phase.ts'
import { cn } from '../../schemas/profiles/index.ts'
import type { TableName } from '../../schemas/tables.ts'
import { numbers, texts, type Store } from '../../src/ports/store.ts'
import { codecs } from '../../src/wire/index.ts'
import { partitionOf } from '../../src/wire/partition.ts'
import { build } from '../cli/run-closebell.ts'
import { smallMarket } from '../faults/simulated-day.ts'
import { watchSession, type MonitoredSession } from '../monitor/monitored-session.ts'
import { seed } from '../seed.ts'
import { closeDay } from '../subscribe/closed-days.ts'
import { seriousFindings } from './accessibility.ts'
import { openBrowser, openPage, type OpenPage } from './chromium.ts'

const names = 40
/** An axe run looks at the colours of every cell, which takes a while on a busy machine. */
const axeTime = { timeout: 240_000 }
const hostile = '<img src=x onerror=alert(1)>'
const columns = gridColumns()
const shown = shownColumns(columns)
const storedIds = shown.filter((id) => id !== 'ret')

let browser: Browser
let session: MonitoredSession

/** The first listed name is told to the store as markup. */
async function writeHostileName(store: Store, date: string): Promise<void> {
  const query = {
    table: 'instruments',
    columns: ['instrument', 'name', 'event_time'],
    from: '1970-01-01',
    to: date,
  } as const
  const [first] = [...texts(await store.panel(query), 'instrument')].sort()
  const event_time = Float64Array.of(Date.parse(`${date}T00:00:00Z`) * 1000)
  const row = { event_time, instrument: [first], revision: Float64Array.of(0), name: [hostile], industry: ['<b>banks'] }
  await store.append('instruments', { count: 1, columns: row })
}

beforeAll(async () => {
  await build()
  browser = await openBrowser()
  session = await watchSession(smallMarket(seed, names), {}, writeHostileName)
}, 240_000)

afterAll(async () => {
  await browser?.close()
  await session?.stop()
})

/** Waits for what comes through workers, streams and frames. */
const soon = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: 60_000, interval: 50 })

/** A later revision of an instrument's day: what a correction brings. */
async function publishClose(instrument: string, close: number): Promise<void> {
  const { bus, date } = session
  const partition = partitionOf(instrument, await bus.partitions('days'))
  const value = codecs.dayRow.encode({
    date,
    partition,
    instrument,
    revision: 1,
    sizing: 'order',
    quality: 0,
    sets: [{ set: 'PV', catalogue: '', columns: ['pv_close'] }],
    minuteCount: 0,
    values: Float64Array.of(close),
    minutes: new Float64Array(),
    crc: 0,
  })
  await bus.publish('days', [{ partition, date, key: `${date}|1|${instrument}`, value }])
}

const drawn = (page: Page): Promise<number> => page.locator('#panel-grid .grid-row:not([hidden])').count()
const freshness = (page: Page): Promise<string> => page.locator('.freshness').innerText()

const texted = (page: Page, script: string): Promise<string[]> => page.evaluate<string[]>(script)

/** Texts of the rows that are drawn, by symbol. */
async function gridRows(page: Page): Promise<Map<string, string[]>> {
  const rows = await page.evaluate<string[][]>(
    `[...document.querySelectorAll('#panel-grid .grid-row:not([hidden])')]
       .map((row) => [...row.children].map((cell) => cell.textContent))`,
  )
  return new Map(rows.map((cells) => [cells[0], cells]))
}

/** What the store has, printed as the grid prints it: of a minute, or of the day. */
async function storedTexts(minute: number | null): Promise<Map<string, string[]>> {
  const printed = new Map<string, string[]>()
  for (const [c, id] of storedIds.entries()) {
    const info = columns.find((column) => column.id === id)
    if (info === undefined) throw new Error(`no column ${id}`)
    const day = info.set.toLowerCase()
    const table = (minute === null ? day : `${day}_minutes`) as TableName
    const asked = ['instrument', id, ...(minute === null ? [] : ['minute'])]
    const rows = await session.store.panel({ table, columns: asked, from: session.date, to: session.date })
    texts(rows, 'instrument').forEach((symbol, row) => {
      if (minute !== null && numbers(rows, 'minute')[row] !== minute) return
      const cells = printed.get(symbol) ?? []
      cells[c] = formatValue(info.display, numbers(rows, id)[row], 'en', cn.priceTick)
      printed.set(symbol, cells)
    })
  }
  return printed
}

/** Rows of the grid without symbol, name and return, to be held against the store. */
const comparable = (rows: ReadonlyMap<string, string[]>): [string, string[]][] =>
  [...rows]
    .map(([symbol, cells]): [string, string[]] => [symbol, storedIds.map((id) => cells[2 + shown.indexOf(id)])])
    .sort(([a], [b]) => (a < b ? -1 : 1))

const sorted = (rows: ReadonlyMap<string, string[]>): [string, string[]][] =>
  [...rows].sort(([a], [b]) => (a < b ? -1 : 1))

describe('the page of a live simulated session', () => {
  let opened: OpenPage

  beforeAll(async () => {
    opened = await openPage(browser, session.url, 1440, 1300)
  }, 240_000)

  afterAll(() => opened?.page.context().close())

  it('fills while the day runs, without being reloaded', { timeout: 240_000 }, async () => {
    const seen = new Set<string>()
    const { page } = opened
    await page.waitForSelector('.freshness')
    const trading = session.trade()
    await soon(async () => {
      const text = await freshness(page)
      seen.add(text)
      return text
    }).toContain('15:00')
    await trading
    await session.sink()
    await closeDay(session.bus, session.date, { degraded: true, cause: 'no G' })
    await soon(() => drawn(page)).toBe(names)
    await soon(() => page.locator('.close-card .badge').innerText()).toMatch(/^DEGRADED/)
    expect(seen.size).toBeGreaterThan(1)
  })

  it('shows the values of the store', async () => {
    expect(comparable(await gridRows(opened.page))).toEqual(sorted(await storedTexts(null)))
  })

  it('shows an earlier minute as it stood, marked as such, and comes back to live', async () => {
    const { page } = opened
    const minute = 60
    await page.goto(`${session.url}?minute=${minute}`)
    await soon(() => drawn(page)).toBe(names)
    expect(await freshness(page)).toBe(`AS OF ${minuteLabel(cn, minute)}, L = live`)
    expect(comparable(await gridRows(page))).toEqual(sorted(await storedTexts(minute)))
    await page.keyboard.press(']')
    await page.waitForURL(`**minute=${minute + 1}*`)
    await page.keyboard.press('l')
    await soon(() => freshness(page)).toContain('15:00')
    await soon(async () => comparable(await gridRows(page))).toEqual(sorted(await storedTexts(null)))
  })

  it('shows an instrument with all digits of the store', async () => {
    const { page } = opened
    const symbol = [...(await storedTexts(null)).keys()][seed % names]
    await page.goto(`${session.url}?selected=${symbol}`)
    await page.waitForSelector('.values tr')
    for (const id of ['pv_vwap', 'c_nbr_main', 'hf_rv']) {
      const table = (columns.find((column) => column.id === id)?.set ?? '').toLowerCase() as TableName
      const { date } = session
      const rows = await session.store.panel({ table, columns: [id], from: date, to: date, instruments: [symbol] })
      const [value] = numbers(rows, id)
      const title = await page.locator(`.values tr[data-id=${id}] td.number`).getAttribute('title')
      expect(title).toBe(Number.isNaN(value) ? 'no value' : String(value))
    }
    expect(await page.locator('.detail figure').count()).toBeGreaterThanOrEqual(4)
  })

  it('has a name that looks like markup as text', async () => {
    const { page } = opened
    await page.goto(session.url)
    await page.waitForSelector('.grid-row:not([hidden])')
    expect([...(await gridRows(page)).values()].map((cells) => cells[1])).toContain(hostile)
    expect(await page.locator('img').count()).toBe(0)
    await page.locator('#tab-sectors').click()
    await page.waitForSelector('#panel-sectors .grid-row:not([hidden])')
    expect(await page.locator('#panel-sectors b').count()).toBe(0)
  })

  it('is driven by the keyboard alone', async () => {
    const { page } = opened
    await page.goto(session.url)
    await page.waitForSelector('.grid-row:not([hidden])')
    const active = () =>
      page.evaluate<string>(
        `(() => { const id = document.activeElement.getAttribute('aria-activedescendant');
           return id === null ? '' : document.getElementById(id).parentElement.firstChild.textContent })()`,
      )
    const symbols = [...(await gridRows(page)).keys()].sort()
    await page.locator('#panel-grid .grid').focus()
    await soon(active).toBe(symbols[0])
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await soon(active).toBe(symbols[2])
    await page.keyboard.press('Shift+Space')
    await page.waitForURL(`**pinned=${symbols[2]}*`)
    await soon(async () => page.locator('.grid-row.pinned').count()).toBe(1)
    expect(await active()).toBe(symbols[2])
    await page.keyboard.press('Enter')
    await soon(() => page.locator('.detail h2').innerText()).toContain(symbols[2])
    await page.keyboard.press('Escape')
    await soon(() => page.locator('.detail').isHidden()).toBe(true)
    await page.keyboard.press('Control+End')
    await soon(active).toBe(symbols.at(-1))
    await page.keyboard.press('/')
    await page.keyboard.type('!flag:odd')
    await soon(() => page.locator('.filter .bad u').innerText()).toBe('!flag:odd')
    expect(await page.locator('.matches').innerText()).toBe(`${names} of ${names}`)
    await page.keyboard.press('Control+A')
    await page.keyboard.type(symbols[5])
    await soon(() => page.locator('.matches').innerText()).toContain(`of ${names}`)
    await soon(async () => (await gridRows(page)).has(symbols[5])).toBe(true)
    expect((await gridRows(page)).size).toBeLessThan(names)
  })

  it('sorts by a column, NaN last, and keeps order and columns in its address', async () => {
    const { page } = opened
    await page.goto(`${session.url}?columns=hf_vpin,ret&sort=-hf_vpin`)
    await page.waitForSelector('.grid-row:not([hidden])')
    const vpin = await texted(
      page,
      `[...document.querySelectorAll('#panel-grid .grid-row:not([hidden])')]
         .sort((a, b) => a.getAttribute('aria-rowindex') - b.getAttribute('aria-rowindex'))
         .map((row) => row.children[2].textContent)`,
    )
    const printed = vpin.filter((text) => text !== '–').map(Number)
    expect(printed).toEqual([...printed].sort((a, b) => b - a))
    expect(vpin.lastIndexOf('–') - vpin.indexOf('–')).toBe(
      vpin.length > printed.length ? vpin.length - printed.length - 1 : 0,
    )
    expect(await page.locator('[aria-sort=descending]').innerText()).toContain('VPIN')
  })

  it('has the factors of the close, their weights, and who is excluded', async () => {
    const { page } = opened
    await page.goto(`${session.url}?tab=factors`)
    await page.waitForSelector('.factors .grid-row:not([hidden])')
    expect(await page.locator('.factor-head .badge').innerText()).toMatch(/^DEGRADED r1 \d\d:\d\d:\d\d: no G$/)
    expect(await page.locator('.weights').first().innerText()).toContain('absent: no-model')
    const head = await page.locator('.factors [role=columnheader]').allInnerTexts()
    expect(head).toEqual(expect.arrayContaining(['PV neutral', 'HF raw', 'ML_C neutral']))
    await page.locator('.exclusions summary').click()
    expect(await page.locator('.exclusions li').allInnerTexts()).toEqual(['688001.SH: no earlier close'])
  })

  it.each(['grid', 'sectors', 'factors', 'quality'])(
    'passes an axe run without serious findings: %s',
    axeTime,
    async (tab) => {
      const { page } = opened
      // What holds for a row holds for all of them.
      await page.setViewportSize({ width: 1440, height: 700 })
      for (const theme of ['light', 'dark']) {
        await page.goto(
          `${session.url}?tab=${tab}&theme=${theme}&language=zh&selected=${[...(await storedTexts(null)).keys()][0]}`,
        )
        await page.waitForSelector(`#panel-${tab}:not([hidden]) :is(.grid-row:not([hidden]), table)`)
        await page.waitForSelector('.values tr')
        expect(await seriousFindings(page), theme).toEqual([])
      }
    },
  )

  it('is short on a phone: both ends of the order', async () => {
    const phone = await openPage(browser, session.url, 390, 800)
    await phone.page.waitForSelector('.short-list li')
    expect(await phone.page.locator('.short-list h2').allInnerTexts()).toEqual(['Top 10', 'Bottom 10'])
    expect(await phone.page.locator('.short-list li').count()).toBe(20)
    const width = await phone.page.evaluate<number>('document.documentElement.scrollWidth')
    expect(width).toBeLessThanOrEqual(390)
    expect(await seriousFindings(phone.page)).toEqual([])
    await phone.page.context().close()
  })

  it('changes values in place, and moves no row under the reader until asked', async () => {
    const { page } = opened
    await page.setViewportSize({ width: 1440, height: 1300 })
    await page.goto(`${session.url}?columns=pv_close&sort=-pv_close`)
    await soon(() => drawn(page)).toBe(names)
    const order = () =>
      texted(
        page,
        `[...document.querySelectorAll('#panel-grid .grid-row:not([hidden])')]
           .sort((a, b) => a.getAttribute('aria-rowindex') - b.getAttribute('aria-rowindex'))
           .map((row) => row.firstChild.textContent)`,
      )
    const before = await order()
    await page.locator('#panel-grid .grid').focus()
    await publishClose(before[7], 98_765)
    await soon(async () => (await gridRows(page)).get(before[7])?.[2]).toBe('98,765.00')
    expect(await order()).toEqual(before)
    await soon(() => page.locator('.order-note').innerText()).toBe('order changed, R')
    await page.keyboard.press('r')
    await soon(order).toEqual([before[7], ...before.filter((symbol) => symbol !== before[7])])
    expect(await page.locator('.order-note').isHidden()).toBe(true)
  })

  it('complained of nothing, and its policy refused nothing', () => {
    expect(opened.complaints).toEqual([])
  })
})

describe('a page whose server is gone', () => {
  it('says so, and keeps its values hatched', { timeout: 120_000 }, async () => {
    const own = await watchSession(smallMarket(seed, 3))
    await own.trade()
    const { page } = await openPage(browser, own.url)
    await page.waitForSelector('.grid-row:not([hidden])')
    await own.stop()
    await soon(() => freshness(page)).toMatch(/^STALE/)
    expect(await page.title()).toMatch(/^STALE/)
    expect(await page.locator('body.silent').count()).toBe(1)
    expect(await page.locator('#panel-grid .grid-row:not([hidden])').count()).toBe(3)
    await soon(() => freshness(page)).toMatch(/^DISCONNECTED/)
    await page.context().close()
  })
})
