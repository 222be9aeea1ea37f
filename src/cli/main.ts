#!/usr/bin/env node
import { CommanderError } from 'commander'
import { asClosebellError, exitCodeOf, oneLine } from './failure.ts'
import { perform } from './perform.ts'
import { buildProgram } from './program.ts'

// A reader that has seen enough, such as head, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

try {
  await buildProgram(perform).parseAsync()
} catch (error) {
  const isHelp = error instanceof CommanderError && error.exitCode === 0
  if (!isHelp) {
    const failure = asClosebellError(error)
    process.stderr.write(`${oneLine(failure)}\n`)
    // A worker that failed is gone at once, whatever connection is still open: its supervisor waits for the exit.
    process.exit(exitCodeOf(failure))
  }
}
