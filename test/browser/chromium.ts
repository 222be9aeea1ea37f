import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'

/**
 * Chromium of CHROMIUM_PATH, else of PATH. A browser suite that cannot run fails: one that is skipped proves nothing.
 */
export function chromiumPath(): string {
  const named = process.env['CHROMIUM_PATH']
  if (named !== undefined && named !== '') return named
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const found = folders.map((folder) => join(folder, 'chromium')).find((path) => existsSync(path))
  if (found === undefined) {
    throw new Error('CB_REQUIREMENT: no chromium in PATH. Run apt-get install chromium, or set CHROMIUM_PATH.')
  }
  return found
}

export const openBrowser = (): Promise<Browser> =>
  // A container has no user namespaces for the sandbox; the pages are our own.
  chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox', '--disable-dev-shm-usage'] })

export interface OpenPage {
  readonly page: Page
  /** What the page complained of: errors, and what its policy refused. */
  readonly complaints: string[]
}

/** A page of a size that keeps what it complains of. */
export async function openPage(browser: Browser, url: string, width = 1440, height = 900): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width, height }, locale: 'en-GB' })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  await page.goto(url)
  return { page, complaints }
}
