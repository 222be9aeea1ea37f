import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { documentOf } from '../../src/backtest/document.ts'
import { pageOf } from '../../src/backtest/page/page.ts'
import { drawnBacktest } from '../backtest/drawn-market.ts'
import { seed } from '../seed.ts'
import { chromiumPath } from './chromium.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const { result } = drawnBacktest({ seed, days: 160, names: 60 }, 10, ['PV', 'ML_C'])
const evil = '<img src=x onerror="document.title=1">'

interface Finding {
  readonly id: string
  readonly impact: string
  readonly nodes: readonly { readonly html: string }[]
}

/** Serious findings of axe on the page as it stands. */
async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe)
  const { violations } = await page.evaluate<{ violations: readonly Finding[] }>('axe.run()')
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)}`)
}

describe('the report in a browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-page-'))
  const file = join(folder, 'report.html')
  const address = pathToFileURL(file).href
  let browser: Browser

  beforeAll(async () => {
    const provenance = { command: `closebell backtest ${evil}`, store: 'duckdb:a', models: 'm', version: '0.1.0' }
    writeFileSync(file, pageOf(result, provenance))
    browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox'] })
  })

  afterAll(async () => {
    await browser.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('asks for nothing, runs without scripts, and shows names as text', async () => {
    const context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    const requests: string[] = []
    const complaints: string[] = []
    page.on('request', (request) => requests.push(request.url()))
    page.on('console', (message) => complaints.push(message.text()))
    await page.goto(address)
    expect(requests).toEqual([address])
    expect(complaints).toEqual([])
    expect(await page.locator('img').count()).toBe(0)
    expect(await page.locator('pre').innerText()).toContain(evil)
    expect(await page.title()).toMatch(/^Factors PV, ML_C, /)
    await context.close()
  })

  it('shows the numbers of the document on the first screen, the published row below', async () => {
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    await page.goto(address)
    const [factor] = documentOf(result).factors
    const row = page.locator('.headline tr.raw').first()
    expect(await row.innerText()).toContain((factor.rank_ic as number).toFixed(4))
    expect(await row.innerText()).toContain(`${(100 * (factor.long_short.annual_return as number)).toFixed(1)} %`)
    const box = await page.locator('.headline tr.published').first().boundingBox()
    expect((box?.y ?? Infinity) + (box?.height ?? 0)).toBeLessThan(900)
    await page.close()
  })

  it.each(['light', 'dark'] as const)('has no serious finding of axe in %s, its tables open', async (scheme) => {
    const page = await browser.newPage({ colorScheme: scheme })
    await page.goto(address)
    await page.evaluate('document.querySelectorAll("details").forEach((one) => (one.open = true))')
    expect(await seriousFindings(page)).toEqual([])
    await page.close()
  })

  it('opens its numbers by the keyboard and hands them out as CSV', async () => {
    const page = await browser.newPage()
    await page.goto(address)
    await page.locator('summary').first().focus()
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.querySelector("details").open')).toBe(true)
    // The table comes first: it scrolls when it is wider than the screen.
    await page.keyboard.press('Tab')
    await page.keyboard.press('Tab')
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')])
    expect(download.suggestedFilename()).toBe('PV-rank-ic.csv')
    expect(readFileSync(await download.path(), 'utf8')).toMatch(/^month,rank_ic,standard_error,/)
    await page.close()
  })

  it('fits a phone without scrolling sideways, and prints in light with its tables open', async () => {
    const page = await browser.newPage({ viewport: { width: 390, height: 800 }, colorScheme: 'dark' })
    await page.goto(address)
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390)
    await page.emulateMedia({ media: 'print' })
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)')
    expect(await page.locator('details table').first().isVisible()).toBe(true)
    expect(await page.evaluate('getComputedStyle(document.querySelector("figure .plate")).breakInside')).toBe('avoid')
    await page.close()
  })
})
