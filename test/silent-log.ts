import type { Log } from '../src/ports/log.ts'

const nothing = (): void => undefined

/** Takes log lines and keeps none, for suites whose subject is not the log. */
export const silentLog: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing }
