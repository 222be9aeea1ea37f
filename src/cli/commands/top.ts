import type { Register } from '../act.ts'
import type { Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'

export const registerTop: Register = (program, act) => {
  const command = describe(
    program.command('top'),
    'Watch a running system in the terminal: marks, lag, the close, events; in a pipe, once.',
    'closebell top --bus kafka://localhost:9092',
    'closebell top --bus kafka://localhost:9092/prod --json',
  )
  withSettings(command, 'bus', 'profile')
    .addHelpText('after', '\nKeys: q quits, p pauses, l shows the log of events alone, ? explains the columns.')
    .action(act((context) => top(context, command.opts<{ json?: boolean }>())))
}

async function top(context: Context, { json }: { readonly json?: boolean }): Promise<void> {
  const { settings, clock, log, signal } = context
  const [{ openBus }, { deploymentOf }, { TopReader }, { colorsFor }] = await Promise.all([
    import('../../compose/bus.ts'),
    import('../deployment.ts'),
    import('../top/gather.ts'),
    import('../colors.ts'),
  ])
  const bus = await openBus(settings.bus, { clock, log })
  try {
    const reader = new TopReader(bus, deploymentOf(settings.bus), settings.profile)
    const look = () => reader.look(clock.now())
    const { stdin: input, stdout: output } = process
    const colors = colorsFor(output)
    if (json !== true && output.isTTY && input.isTTY) {
      const { showTop } = await import('../top/terminal.ts')
      await showTop({ input, output, colors }, look, (ms, quit) => clock.sleep(ms, quit), signal)
      return
    }
    const { render } = await import('../top/render.ts')
    const view = await look()
    const screen = { columns: Infinity, rows: Infinity, colors, mode: 'overview', isPaused: false } as const
    context.answer(view, () => render(view, screen).slice(0, -1).join('\n'))
  } finally {
    await bus.close()
  }
}
