import { spawn } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { openBrowser, openPage } from './chromium.ts'

/** The pictures of README.md, of what its commands leave behind: the day of the demonstration, and a report. */
const root = new URL('../../', import.meta.url)
const folder = fileURLToPath(root)
const pictures = fileURLToPath(new URL('deploy/pictures/', root))
const report = fileURLToPath(new URL('.closebell/years/report.html', root))

mkdirSync(pictures, { recursive: true })

test('the monitor on the day of the demonstration', async () => {
  const where = ['--bus', 'tape:.closebell/demo/tape', '--store', 'duckdb:.closebell/demo/closebell.duckdb']
  const server = spawn('node', ['dist/src/cli/main.js', 'monitor', ...where, '--port', '0'], { cwd: folder })
  const url = await new Promise<string>((resolve, reject) => {
    let said = ''
    server.stderr.on('data', (bytes: Buffer) => {
      said += bytes.toString()
      const found = /the page is on (\S+)/.exec(said)?.[1]
      if (found !== undefined) resolve(found)
    })
    server.once('close', () => reject(new Error(said)))
  })
  const browser = await openBrowser()
  const { page } = await openPage(browser, url)
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
