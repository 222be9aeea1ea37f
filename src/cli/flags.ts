import { Option, type Command } from 'commander'
import { settingNames, type SettingKey } from '../compose/setting-names.ts'

const output = 'Output:'
const settings = 'Settings:'

/** Starts a command: its sentence, then a real example, stand above its flags in the help. */
export function describe(command: Command, sentence: string, example: string, ...more: readonly string[]): Command {
  const examples = [example, ...more].map((line) => `  $ ${line}`).join('\n')
  return command
    .summary(sentence)
    .description(`${sentence}\n\nExample:\n${examples}`)
    .addOption(new Option('--json', 'print one JSON document on stdout, and nothing else').helpGroup(output))
    .addOption(new Option('--color', 'colours in a pipe too').helpGroup(output))
    .addOption(new Option('--no-color', 'no colours (or NO_COLOR=1)').helpGroup(output))
    .addOption(new Option('--config <file>', 'config file (default: closebell.json)').helpGroup(settings))
    .addHelpText('after', '\nExit codes: 0 done, 1 failed or answered no, 2 misused.')
}

/** Flags of settings that the command reads; every command takes the level of the log. */
export function withSettings(command: Command, ...keys: readonly SettingKey[]): Command {
  for (const { key, flag, variable, form, about, initial } of settingNames) {
    if (key !== 'logLevel' && !keys.includes(key)) continue
    const option = new Option(`${flag} <${form}>`, `${about} (default: ${initial}; ${variable})`)
    command.addOption(option.helpGroup(key === 'logLevel' ? output : settings))
  }
  return command
}
