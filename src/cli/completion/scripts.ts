import type { Flag, Outline, Values } from './outline.ts'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** A script that teaches a shell the commands, their flags and the values that are known. */
export function completionScript(shell: Shell, outlines: readonly Outline[]): string {
  return { bash, zsh, fish }[shell](outlines)
}

const wordsOf = (values: Values): readonly string[] => (values === null || values === 'files' ? [] : values)

/** In single quotes nothing is special to a shell but the quote itself. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** Paths of the commands, which tell the words of a line that name one from its operands. */
const pathsOf = (outlines: readonly Outline[]): readonly string[] =>
  outlines.map(({ path }) => path).filter((path) => path !== '')

/** Flags with a value, each once for each list of values, whichever command has it. */
function valued(outlines: readonly Outline[]): readonly { readonly key: string; readonly flag: Flag }[] {
  return outlines.flatMap(({ path, flags }) =>
    flags.filter(({ takesValue }) => takesValue).map((flag) => ({ key: `${path}|${flag.name}`, flag })),
  )
}

function bash(outlines: readonly Outline[]): string {
  const values = valued(outlines).map(({ key, flag: { values: known } }) =>
    known === 'files'
      ? `    ${quoted(key)}) COMPREPLY=($(compgen -f -- "$cur")); return ;;`
      : `    ${quoted(key)}) COMPREPLY=($(compgen -W ${quoted(wordsOf(known).join(' '))} -- "$cur")); return ;;`,
  )
  const commands = outlines.map(({ path, commands: inner, flags, operands }) => {
    const words = [...inner.map(({ name }) => name), ...wordsOf(operands), ...flags.map(({ name }) => name)]
    const files = operands === 'files' ? ` $(compgen -f -- "$cur")` : ''
    return `    ${quoted(path)}) COMPREPLY=($(compgen -W ${quoted(words.join(' '))} -- "$cur")${files}) ;;`
  })
  return [
    '# closebell completion bash',
    '_closebell() {',
    '  local cur="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" at="" i',
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    '    case "${at:+$at }${COMP_WORDS[i]}" in',
    `      ${pathsOf(outlines).map(quoted).join('|')}) at="\${at:+$at }\${COMP_WORDS[i]}" ;;`,
    '    esac',
    '  done',
    '  case "$at|$previous" in',
    ...values,
    '  esac',
    '  case "$at" in',
    ...commands,
    '  esac',
    '}',
    'complete -o filenames -F _closebell closebell',
    '',
  ].join('\n')
}

/** `name:summary` of _describe, whose colons in a name would end it. */
const described = (name: string, about: string): string => quoted(`${name.replaceAll(':', '\\:')}:${about}`)

function zsh(outlines: readonly Outline[]): string {
  const values = valued(outlines).map(({ key, flag: { values: known } }) => {
    const act = known === 'files' ? '_files' : `compadd -- ${wordsOf(known).map(quoted).join(' ')}`
    return `    ${quoted(key)}) ${act}; return ;;`
  })
  const commands = outlines.map(({ path, commands: inner, flags, operands }) => {
    const words = [
      ...inner.map(({ name, summary }) => described(name, summary)),
      ...wordsOf(operands).map((word) => described(word, '')),
      ...flags.map(({ name, about }) => described(name, about)),
    ]
    const files = operands === 'files' ? '; _files' : ''
    return `    ${quoted(path)}) known=(${words.join(' ')})${files} ;;`
  })
  return [
    '#compdef closebell',
    '_closebell() {',
    '  local at="" word; local -a known',
    '  for word in "${(@)words[2,CURRENT-1]}"; do',
    '    case "${at:+$at }$word" in',
    `      ${pathsOf(outlines).map(quoted).join('|')}) at="\${at:+$at }$word" ;;`,
    '    esac',
    '  done',
    '  case "$at|${words[CURRENT-1]}" in',
    ...values,
    '  esac',
    '  case "$at" in',
    ...commands,
    '  esac',
    `  _describe 'closebell' known`,
    '}',
    '(( $+functions[compdef] )) && compdef _closebell closebell',
    '',
  ].join('\n')
}

function fish(outlines: readonly Outline[]): string {
  const lines = outlines.flatMap(({ path, commands, flags, operands }) => {
    const here = `-n ${quoted(`__closebell_at ${path}`)}`
    return [
      ...commands.map(({ name, summary }) => `complete -c closebell -f ${here} -a ${name} -d ${quoted(summary)}`),
      ...(operands === 'files' ? [`complete -c closebell -F ${here}`] : []),
      ...wordsOf(operands).map((word) => `complete -c closebell -f ${here} -a ${quoted(word)}`),
      ...flags.map((flag) => `complete -c closebell ${here} ${fishFlag(flag)}`),
    ]
  })
  return [
    '# closebell completion fish',
    'function __closebell_at',
    '  set -l at',
    '  for word in (commandline -opc)[2..-1]',
    '    set -l longer (string join " " -- $at $word)',
    `    if contains -- "$longer" ${pathsOf(outlines).map(quoted).join(' ')}`,
    '      set at $at $word',
    '    end',
    '  end',
    '  test (string join " " -- $at | string collect --allow-empty) = "$argv"',
    'end',
    'complete -c closebell -f',
    ...lines,
    '',
  ].join('\n')
}

function fishFlag({ name, about, takesValue, values }: Flag): string {
  const long = `-l ${name.replace(/^--/, '')} -d ${quoted(about)}`
  if (!takesValue) return `-f ${long}`
  if (values === 'files') return `-r -F ${long}`
  return `-x ${long}${wordsOf(values).length === 0 ? '' : ` -a ${quoted(wordsOf(values).join(' '))}`}`
}
