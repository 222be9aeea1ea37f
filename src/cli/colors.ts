import picocolors from 'picocolors'

export type Colors = ReturnType<typeof picocolors.createColors>

/** The 16 colours of the terminal's theme: on a terminal unless NO_COLOR or --no-color, in a pipe with --color. */
export function colorsFor(
  { isTTY }: { readonly isTTY?: boolean },
  { argv = process.argv, env = process.env }: { argv?: readonly string[]; env?: NodeJS.ProcessEnv } = {},
): Colors {
  if (argv.includes('--no-color')) return picocolors.createColors(false)
  if (argv.includes('--color')) return picocolors.createColors(true)
  const isRefused = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb'
  return picocolors.createColors(isTTY === true && !isRefused)
}
