import type { Command } from 'commander'
import type { SettingKey } from '../compose/setting-names.ts'
import { commandOf, type Act } from './act.ts'
import { AnsweredNo, type Context } from './context.ts'

/** Second Ctrl-C: 128 + SIGINT or SIGTERM, as shells report a process that a signal ended. */
const hardExit = { SIGINT: 130, SIGTERM: 143 } as const

type StopSignal = keyof typeof hardExit

/** Runs handlers with settings, log, progress and a signal; what they throw goes on to whoever parses. */
export const perform: Act =
  (handler) =>
  async (...parsed) => {
    const command = commandOf(parsed)
    const stopped = listenForStop()
    const { context, close, done } = await openContext(command, stopped.signal).catch((error: unknown) => {
      stopped.release()
      throw error
    })
    try {
      await handler(context, command)
    } catch (error) {
      if (error instanceof AnsweredNo) process.exitCode = 1
      // What a stop interrupted ends in errors of its own; the stop is what happened.
      else if (!stopped.signal.aborted) throw error
    } finally {
      close()
      stopped.release()
    }
    // Whoever asked for a stop is not made to wait for a connection that somebody left open.
    if (stopped.signal.aborted) {
      process.stderr.write(`${stopped.signal.reason}: ${command.name()} stopped: ${done()}\n`)
      process.exit(stopped.signal.reason === 'SIGINT' ? 130 : 0)
    }
  }

interface Opened {
  readonly context: Context
  close(): void
  /** What a command that was stopped has done. */
  done(): string
}

async function openContext(command: Command, signal: AbortSignal): Promise<Opened> {
  const [{ loadSettings }, { loadCalendars }, { stderrLog }, { systemClock }, { openProgress }] = await Promise.all([
    import('../compose/settings.ts'),
    import('../compose/calendars.ts'),
    import('../compose/log.ts'),
    import('../compose/clock.ts'),
    import('./progress.ts'),
  ])
  const options = command.optsWithGlobals<Partial<Record<SettingKey, string>> & { config?: string; json?: boolean }>()
  const { values, origins } = loadSettings({
    flags: options,
    environment: process.env,
    folder: process.cwd(),
    file: options.config,
  })
  loadCalendars(process.cwd())
  const progress = openProgress(process.stderr, systemClock)
  const sink = { isTTY: process.stderr.isTTY, write: (text: string) => progress.write(text) }
  let done = (): string => 'what was written stays.'
  const context: Context = {
    settings: values,
    origins,
    clock: systemClock,
    log: stderrLog(values.logLevel, sink),
    progress,
    signal,
    onStop: (line) => (done = line),
    say: (line) => progress.write(`${line}\n`),
    answer: (document, text) => {
      if (signal.aborted) return
      progress.stop()
      process.stdout.write(options.json === true ? `${JSON.stringify(document)}\n` : ended(text()))
    },
  }
  return { context, close: () => progress.stop(), done: () => done() }
}

const ended = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`)

/** The first signal asks for an orderly end, the second does not wait for it; a person is told so at once. */
function listenForStop(): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController()
  const stop = (name: StopSignal): void => {
    if (controller.signal.aborted) process.exit(hardExit[name])
    if (name === 'SIGINT')
      process.stderr.write('Ctrl-C: stopping in order, what is done stays; once more stops at once.\n')
    controller.abort(name)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  const release = (): void => {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
  }
  return { signal: controller.signal, release }
}
