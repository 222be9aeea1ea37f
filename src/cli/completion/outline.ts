import type { Argument, Command, Option } from 'commander'

/** What a shell has to know of a command line, read off the program itself. */
export interface Outline {
  /** Words behind `closebell`, such as `import daily`; empty for the program. */
  readonly path: string
  readonly summary: string
  readonly commands: readonly { readonly name: string; readonly summary: string }[]
  readonly flags: readonly Flag[]
  /** Of the first operand; null = none are known. */
  readonly operands: Values
}

export interface Flag {
  readonly name: string
  readonly about: string
  readonly takesValue: boolean
  readonly values: Values
}

/** Known words, the names of files, or anything. */
export type Values = readonly string[] | 'files' | null

/** Every command of a program, the program first. */
export function outlinesOf(program: Command): readonly Outline[] {
  return [program, ...inner(program)].map((command) => ({
    path: pathOf(command, program),
    summary: command.summary(),
    commands: command.commands.map((one) => ({ name: one.name(), summary: one.summary() })),
    flags: [...command.options.filter(({ hidden }) => !hidden), helpOf(command)].map(flagOf),
    operands: operandOf(command.registeredArguments[0]),
  }))
}

const inner = (command: Command): readonly Command[] => command.commands.flatMap((one) => [one, ...inner(one)])

function pathOf(command: Command, program: Command): string {
  const names: string[] = []
  for (let at: Command | null = command; at !== null && at !== program; at = at.parent) names.unshift(at.name())
  return names.join(' ')
}

/** commander keeps the help flag apart from the others. */
const helpOf = (command: Command): Option => command.createOption('--help', 'print this')

const flagOf = (option: Option): Flag => ({
  name: option.long ?? option.flags,
  about: option.description.replace(/ \(default:.*/, ''),
  takesValue: option.required || option.optional,
  values: valuesOf(option),
})

function valuesOf({ argChoices, description, flags }: Option): Values {
  if (argChoices !== undefined) return argChoices
  if (/<(folder|file)[>|]/.test(flags)) return 'files'
  return listed(description)
}

/** Words of `order, filled or trade (default: order)`: a description that lists them is where they are known. */
export function listed(description: string): readonly string[] | null {
  const text = description.replace(/ \(.*/, '').replace(/^.*: /, '')
  const word = '[A-Za-z][\\w+-]*'
  if (!new RegExp(`^${word}(, ${word})+( (or|and) ${word})?$|^${word} or ${word}$`).test(text)) return null
  return text.split(/, | or | and /)
}

function operandOf(argument: Argument | undefined): Values {
  if (argument === undefined) return null
  if (argument.argChoices !== undefined) return argument.argChoices
  return ['folder', 'file', 'files', 'input'].includes(argument.name()) ? 'files' : null
}
