import type { Register } from '../act.ts'
import type { Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'
import type { Question, Subject } from '../stored-rows.ts'
import { commaList, dateRange, wholeNumber, type DateRange } from '../values.ts'

const abouts: Readonly<Record<Subject, string>> = {
  features: 'features of the day, or with --minute day-to-date at its end',
  bars: 'minute bars',
  factors: 'factors of each set, raw and neutral',
  weights: 'weights of the sets in ML_C',
  styles: 'style returns of the day',
  graphs: 'neighbours of each name',
  exposures: 'style exposures of each name',
}

interface Flags {
  readonly date?: DateRange
  readonly instrument?: readonly string[]
  readonly set?: string
  readonly minute?: number
  readonly parquet?: string
}

export const registerShow: Register = (program, act) => {
  const names = Object.keys(abouts) as Subject[]
  const command = describe(
    program.command('show <subject>'),
    'Print rows from the store.',
    'closebell show features --date 2023-02-01 --instrument 600519.SH --set C',
    'closebell show bars --date 2023-02-01 --minute 0 --json',
    'closebell show factors --date 2024-01-02..2024-03-29 --parquet factors.parquet',
  )
  withSettings(command, 'store')
    .option('--date <range>', 'a date or A..B (default: the last one stored)', dateRange)
    .option('--instrument <symbols>', 'a comma list (default: all)', commaList)
    .option('--set <name>', 'PV, G, C, HF or DP; for factors and weights ML_C too')
    .option('--minute <number>', 'minute of the session from 0; -1 is the opening auction', wholeNumber)
    .option('--parquet <file>', 'write the rows to a Parquet file instead')
    .addHelpText('after', `\nSubjects:\n${names.map((name) => `  ${name.padEnd(10)} ${abouts[name]}`).join('\n')}`)
    .action(act((context) => show(context, command.args[0], command.opts<Flags>())))
}

async function show(context: Context, subject: string, flags: Flags): Promise<void> {
  const { settings, clock, log } = context
  const { storedRows, asObjects, subjects } = await import('../stored-rows.ts')
  const known = subjects.find((name) => name === subject)
  if (known === undefined) {
    const { ClosebellError } = await import('../../../schemas/errors.ts')
    throw new ClosebellError('CB_USAGE', `cannot show ${subject}`, { remedy: `Known: ${subjects.join(', ')}.` })
  }
  const { openStore } = await import('../../compose/store.ts')
  const store = await openStore(settings.store, 'read', { clock, log })
  try {
    await store.ensureTables()
    const shown = await storedRows(store, questionOf(known, flags))
    if (flags.parquet === undefined) {
      const { displayed } = await import('../display.ts')
      context.answer(asObjects(shown), () => displayed(shown))
      return
    }
    const { writeParquet } = await import('../../compose/parquet.ts')
    await writeParquet(flags.parquet, shown.columns, shown.rows)
    const written = { file: flags.parquet, rows: shown.rows.count, columns: shown.columns.map(({ name }) => name) }
    context.answer(written, () => `${written.rows} rows of ${written.columns.length} columns in ${written.file}`)
  } finally {
    await store.close()
  }
}

const questionOf = (subject: Subject, { date, instrument, set, minute }: Flags): Question => ({
  subject,
  ...(date === undefined ? {} : { dates: date }),
  ...(instrument === undefined ? {} : { instruments: instrument }),
  ...(set === undefined ? {} : { set: set.toUpperCase() }),
  ...(minute === undefined ? {} : { minute }),
})
