import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Command, Help, type CommanderError } from 'commander'
import type { Act, Register } from './act.ts'
import { registerBackfill } from './commands/backfill.ts'
import { registerBacktest } from './commands/backtest.ts'
import { registerClose } from './commands/close.ts'
import { registerCompletion } from './commands/completion.ts'
import { registerConfig } from './commands/config.ts'
import { registerCorrect } from './commands/correct.ts'
import { registerDemo } from './commands/demo.ts'
import { registerDoctor } from './commands/doctor.ts'
import { registerDown } from './commands/down.ts'
import { registerFeatures } from './commands/features.ts'
import { registerFeed } from './commands/feed.ts'
import { registerImport } from './commands/import.ts'
import { registerModel } from './commands/model.ts'
import { registerModels } from './commands/models.ts'
import { registerMonitor } from './commands/monitor.ts'
import { registerOpen } from './commands/open.ts'
import { registerReplay } from './commands/replay.ts'
import { registerServe } from './commands/serve.ts'
import { registerShow } from './commands/show.ts'
import { registerSimulate } from './commands/simulate.ts'
import { registerSink } from './commands/sink.ts'
import { registerStatus } from './commands/status.ts'
import { registerTop } from './commands/top.ts'
import { registerTrain } from './commands/train.ts'
import { registerUp } from './commands/up.ts'

/** Every command, in the order of the help: one file each, one line here. */
const commands: readonly Register[] = [
  registerDemo,
  registerUp,
  registerDown,
  registerStatus,
  registerDoctor,
  registerConfig,
  registerSimulate,
  registerFeed,
  registerImport,
  registerOpen,
  registerFeatures,
  registerClose,
  registerModel,
  registerSink,
  registerCorrect,
  registerBackfill,
  registerTrain,
  registerModels,
  registerBacktest,
  registerReplay,
  registerServe,
  registerMonitor,
  registerTop,
  registerShow,
  registerCompletion,
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

const helpWidth = 100

/** Wraps help texts, but leaves examples on one line, to be pasted. */
function boxWrap(text: string, width: number): string {
  const lines = text.split('\n')
  return lines.map((line) => (line.startsWith('  $ ') ? line : new Help().boxWrap(line, width))).join('\n')
}

/** Misuse is thrown, so that one place words it; commander itself prints only help and version. */
function quietly(command: Command): void {
  command
    .exitOverride((error) => refuse(command, error))
    .configureOutput({ writeErr: () => undefined, outputError: () => undefined })
  command.helpOption('--help', 'print this').helpCommand(false).configureHelp({ helpWidth, boxWrap })
  for (const inner of command.commands) quietly(inner)
}

/** commander looks for what is missing first: a mandatory flag that is misspelt would be called missing. */
function refuse(command: Command, error: CommanderError): never {
  const misspelt = command.args.find((word) => word.startsWith('--'))
  if (error.code === 'commander.missingMandatoryOptionValue' && misspelt !== undefined) {
    ;(command as Command & { unknownOption(flag: string): never }).unknownOption(misspelt)
  }
  throw error
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
