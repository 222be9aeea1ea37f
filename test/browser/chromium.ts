import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const names = ['chromium', 'chromium-browser', 'google-chrome']

/**
 * Where the browser of the tests is: CHROMIUM, or the first on the path.
 * @throws Error where there is none: a browser suite that does not run is a failure, not a skip
 */
export function chromiumPath(): string {
  const named = process.env['CHROMIUM']
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => names.map((name) => join(folder, name)))
  const found = (named === undefined ? onPath : [named]).find((file) => existsSync(file))
  if (found === undefined) throw new Error(`no ${names.join(', ')} on the path: install Chromium, or set CHROMIUM`)
  return found
}
