import { pino, type DestinationStream } from 'pino'
import colors from 'picocolors'
import type { Log } from '../ports/log.ts'
import type { LogLevel } from './setting-names.ts'

/** Where lines go; `isTTY` chooses lines for a reader over JSON lines. */
export interface LineSink {
  readonly isTTY: boolean
  write(text: string): unknown
}

/** A log on stderr: JSON lines for machines, or on a terminal a time, a level, the message and its facts. */
export function stderrLog(level: LogLevel, sink: LineSink = process.stderr): Log {
  const destination: DestinationStream = sink.isTTY
    ? { write: (line) => void sink.write(readable(line)) }
    : { write: (line) => void sink.write(line) }
  const logger = pino({ level, base: null, formatters: { level: (label) => ({ level: label }) } }, destination)
  return {
    debug: (message, facts) => logger.debug(facts, message),
    info: (message, facts) => logger.info(facts, message),
    warn: (message, facts) => logger.warn(facts, message),
    error: (message, facts) => logger.error(facts, message),
  }
}

const paint: Readonly<Record<string, (text: string) => string>> = {
  debug: colors.dim,
  info: colors.cyan,
  warn: colors.yellow,
  error: colors.red,
}

function readable(line: string): string {
  const { level, time, msg, ...facts } = JSON.parse(line) as { level: string; time: number; msg: string }
  const clock = new Date(time).toISOString().slice(11, 19)
  const shown = Object.entries(facts).map(([name, value]) => `${name}=${shortly(value)}`)
  return `${colors.dim(clock)} ${(paint[level] ?? String)(level.padEnd(5))} ${[msg, ...shown].join(' ')}\n`
}

const shortly = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
