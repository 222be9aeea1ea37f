import type { Register } from '../act.ts'
import { AnsweredNo, type Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'

interface Flags {
  readonly preflight?: boolean
}

export const registerDoctor: Register = (program, act) => {
  const command = describe(
    program.command('doctor'),
    'Say what is wrong and how to mend it, worst last; exit code 1 when something fails.',
    'closebell doctor --bus kafka://localhost:9092 --store questdb://localhost:9000 --models models',
    'closebell doctor --preflight --json',
  )
  withSettings(command, 'bus', 'store', 'models', 'partitions', 'profile', 'engine')
    .option('--preflight', 'for the morning: the services have to be up, else the day cannot run')
    .action(act((context) => doctor(context, command.opts<Flags>())))
}

async function doctor(context: Context, { preflight = false }: Flags): Promise<void> {
  const [{ examine }, { canRun, lineOf, sorted, summaryOf }, { colorsFor }] = await Promise.all([
    import('../doctor/examine.ts'),
    import('../doctor/finding.ts'),
    import('../colors.ts'),
  ])
  const findings = sorted(await examine(context, preflight))
  const summary = summaryOf(findings)
  context.answer({ preflight, canRun: canRun(findings), summary, findings }, () => {
    const colors = colorsFor(process.stdout)
    const paint = { ok: colors.green, warn: colors.yellow, fail: colors.red }
    const width = findings.reduce((most, { name }) => Math.max(most, name.length), 0)
    const lines = findings.map((finding) =>
      lineOf(finding, width).replace(finding.status, paint[finding.status](finding.status)),
    )
    return [...lines, summary].join('\n')
  })
  if (!canRun(findings)) throw new AnsweredNo()
}
