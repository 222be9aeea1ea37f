import { existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { start } from '../cli/run-closebell.ts'
import { shownPage } from '../monitor/shown-page.ts'
import { openBrowser, openPage } from './chromium.ts'

/** The pictures of README.md, of what its commands leave behind: the day of the demonstration, and a report. */
const root = new URL('../../', import.meta.url)
const folder = fileURLToPath(root)
const pictures = fileURLToPath(new URL('deploy/pictures/', root))
const report = fileURLToPath(new URL('.closebell/years/report.html', root))

mkdirSync(pictures, { recursive: true })

test('the monitor on the day of the demonstration', async () => {
  const where = ['--bus', 'tape:.closebell/demo/tape', '--store', 'duckdb:.closebell/demo/closebell.duckdb']
  const server = start(['monitor', ...where, '--port', '0'], { cwd: folder })
  const browser = await openBrowser()
  const { page } = await openPage(browser, await shownPage(server))
  const rows = page.locator('#panel-grid .grid-row:not([hidden])')
  await expect.poll(() => rows.count(), { timeout: 60_000 }).toBeGreaterThan(20)
  await rows.first().click()
  await page.keyboard.press('Enter')
  await page.locator('aside svg, #detail svg').first().waitFor()
  await page.waitForTimeout(3000)
  await page.screenshot({ path: `${pictures}monitor.png` })
  await browser.close()
  server.kill('SIGTERM')
})

test('the report of the real years', async () => {
  expect(existsSync(report), 'no report: run the commands of README.md under "Train on real years"').toBe(true)
  const browser = await openBrowser()
  const { page } = await openPage(browser, pathToFileURL(report).href, 1000, 1300)
  await page.screenshot({ path: `${pictures}report.png` })
  await browser.close()
})
