import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openTape } from '../../src/bus/tape/index.ts'
import { build, ended } from '../cli/run-closebell.ts'
import { realClock } from '../real-clock.ts'

const main = join(import.meta.dirname, '..', '..', 'dist', 'src', 'cli', 'main.js')
const folder = mkdtempSync(join(tmpdir(), 'closebell-terminal-'))

beforeAll(async () => {
  await build()
  const tape = openTape(join(folder, 'tape'), { clock: realClock })
  await tape.createTopics(2)
  await tape.close()
}, 300_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A real terminal of 80 x 24: types each key once the text that it waits for has been shown, prints all it shows. */
const terminal = `
import fcntl, json, os, pty, select, struct, sys, termios, time
steps = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    os.environ['TERM'] = 'xterm'
    os.execvp(sys.argv[2], sys.argv[2:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
shown, seen, end = b'', 0, time.time() + 60
while time.time() < end:
    if select.select([fd], [], [], 0.1)[0]:
        try: part = os.read(fd, 65536)
        except OSError: break
        if not part: break
        shown += part
    if steps and steps[0][0].encode() in shown[seen:]:
        seen = len(shown)
        os.write(fd, steps.pop(0)[1].encode())
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) if not steps else 99)
`

describe('top on a terminal', () => {
  it('takes keys, and q gives the terminal back as it was', async () => {
    const steps = [
      ['q quit', '?'],
      ['age of the last one', '?'],
      ['PART', 'p'],
      ['PAUSED', 'p'],
      ['PART', 'l'],
      ['q quit', 'q'],
    ]
    const command = [process.execPath, main, 'top', '--bus', `tape:${join(folder, 'tape')}`]
    const child = spawn('python3', ['-c', terminal, JSON.stringify(steps), ...command], { cwd: folder })
    const { code, stdout } = await ended(child)
    expect(code).toBe(0)
    expect(stdout.startsWith('\u001b[?1049h\u001b[?25l')).toBe(true)
    expect(stdout.trimEnd().endsWith('\u001b[?25h\u001b[?1049l')).toBe(true)
    expect(stdout).toContain('closebell tape')
  }, 90_000)
})
