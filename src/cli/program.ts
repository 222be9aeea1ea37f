import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Command } from 'commander'
import type { Act, Register } from './act.ts'
import { registerConfig } from './commands/config.ts'
import { registerDown } from './commands/down.ts'
import { registerFeatures } from './commands/features.ts'
import { registerFeed } from './commands/feed.ts'
import { registerImport } from './commands/import.ts'
import { registerShow } from './commands/show.ts'
import { registerSimulate } from './commands/simulate.ts'
import { registerStatus } from './commands/status.ts'
import { registerUp } from './commands/up.ts'

/** Every command, in the order of the help: one file each, one line here. */
const commands: readonly Register[] = [
  registerUp,
  registerDown,
  registerStatus,
  registerConfig,
  registerSimulate,
  registerFeed,
  registerImport,
  registerFeatures,
  registerShow,
]

/** The command line. Everything that a command needs beyond parsing is loaded when it runs. */
export function buildProgram(act: Act): Command {
  const program = new Command('closebell')
    .description('Exchange ticks and order books in, factors at the closing bell out.')
    .version(versionOf(import.meta.dirname), '--version', 'print the version')
    .helpOption('--help', 'print this')
    .helpCommand(false)
  for (const register of commands) register(program, act)
  quietly(program)
  return program
}

/** Examples stay on one line, to be pasted. */
const helpWidth = 100

/** Misuse is thrown, so that one place words it; commander itself prints only help and version. */
function quietly(command: Command): void {
  command.exitOverride().configureOutput({ writeErr: () => undefined, outputError: () => undefined })
  command.helpOption('--help', 'print this').helpCommand(false).configureHelp({ helpWidth })
  for (const inner of command.commands) quietly(inner)
}

function versionOf(folder: string): string {
  for (let at = folder; at !== dirname(at); at = dirname(at)) {
    try {
      return (JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as { version: string }).version
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return 'unknown'
}
