import type { Command } from 'commander'
import type { Context } from './context.ts'

/** What a command does, once its flags are parsed: `command.args` are its operands, `command.opts()` its flags. */
export type Handler = (context: Context, command: Command) => Promise<void>

/** Makes a handler into what commander calls; a test passes one that only looks at what was parsed. */
export type Act = (handler: Handler) => (...parsed: unknown[]) => Promise<void>

/** Adds one command, or a family of them, to the program. */
export type Register = (program: Command, act: Act) => void

/** The command itself is the last thing that commander hands to an action. */
export const commandOf = (parsed: readonly unknown[]): Command => parsed.at(-1) as Command
