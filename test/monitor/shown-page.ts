import type { ChildProcess } from 'node:child_process'

/** The address that a started `closebell monitor` says; an error with all it said when it ends before. */
export function shownPage(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.stderr?.on('data', (bytes: Buffer) => {
      said += bytes.toString()
      const found = /the page is on (\S+)/.exec(said)?.[1]
      if (found !== undefined) resolve(found)
    })
    child.once('close', () => reject(new Error(said)))
  })
}
