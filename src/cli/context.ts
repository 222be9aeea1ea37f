import type { LoadedSettings, Settings } from '../compose/settings.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Progress } from './progress.ts'

/** What a command is given beside its operands and flags. */
export interface Context {
  readonly settings: Settings
  readonly origins: LoadedSettings['origins']
  readonly clock: Clock
  readonly log: Log
  readonly progress: Progress
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal
  /** What was done by now, in one line: told when a stop ends the command before its answer. */
  onStop(line: () => string): void
  /** A line for the reader, on stderr. */
  say(line: string): void
  /** The result: with --json the document, else the text. Called once, when nothing can fail any more. */
  answer(document: unknown, text: () => string): void
}

/** The answer was given, and it is no: exit code 1 without a message. */
export class AnsweredNo extends Error {
  override readonly name = 'AnsweredNo'
}
