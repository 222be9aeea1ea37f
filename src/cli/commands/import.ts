import { Option, type Command } from 'commander'
import type { Act, Register } from '../act.ts'
import type { Context } from '../context.ts'
import { describe, withSettings } from '../flags.ts'
import type { Stage } from '../progress.ts'
import { dateValue } from '../values.ts'
import { withStore } from '../with-stores.ts'
import type { RejectedRow } from '../../import/csv-rows.ts'
import type { ListingReport } from '../../import/listings/import-listings.ts'
import type { DailyReport } from '../../import/daily/import-daily.ts'

/** Broken rows are all counted, but told one by one only up to here. */
const toldMax = 20

const importing = 'Import:'

export const registerImport: Register = (program, act) => {
  const group = program.command('import').summary('Bring history and reference data into the store.')
  group.description(
    'Bring history and reference data into the store.\n\n' +
      'Example:\n  $ closebell import daily bars/*.parquet --mapping cn-daily --store duckdb:cn.duckdb',
  )
  const market = describe(
    group.command('market <folder>'),
    'Import instruments, dated fundamentals and earlier daily bars of a simulated market.',
    'closebell import market market/reference --store duckdb:market.duckdb',
  )
  withSettings(market, 'store').action(act((context) => importMarket(context, market.args[0])))
  const daily = describe(
    group.command('daily <files...>'),
    'Import daily bars from Parquet or CSV files; what is stored already is not read again.',
    'closebell import daily bars/*.parquet --mapping cn-daily --store duckdb:cn.duckdb',
  )
  mapped(daily)
  withSettings(daily, 'store', 'profile').action(
    act((context) => importDailyBars(context, daily.args, daily.opts<MappedFlags>())),
  )
  registerListing(
    group,
    act,
    'industries',
    'Import names, industries and list dates of instruments from a CSV file.',
    'closebell import industries stocks.csv.gz --mapping cn-daily --effective 2013-01-01 --store duckdb:cn.duckdb',
  )
  registerListing(
    group,
    act,
    'shares',
    'Import float and total shares of instruments from a CSV file.',
    'closebell import shares stock_basics.csv.gz --mapping cn-fund --effective 2013-01-01 --store duckdb:cn.duckdb',
  )
  const calendar = describe(
    group.command('calendar <file>'),
    'Extend a market’s calendar by further years; commands that run in this folder then know them.',
    'closebell import calendar cn-2027.json',
  )
  withSettings(calendar).action(act((context) => extendByFile(context, calendar.args[0])))
}

function registerListing(
  group: Command,
  act: Act,
  what: 'industries' | 'shares',
  sentence: string,
  example: string,
): void {
  const command = describe(group.command(`${what} <file>`), sentence, example)
  const effective = 'from when on the rows hold (default: the date that the file is of)'
  mapped(command).option('--effective <date>', effective, dateValue)
  withSettings(command, 'store').action(
    act((context) => importListings(context, what, command.args[0], command.opts<MappedFlags>())),
  )
}

interface MappedFlags {
  readonly mapping: string
  readonly effective?: string
}

const mapped = (command: Command): Command =>
  command.addOption(
    new Option('--mapping <name|file>', 'how to read the files: cn-daily, cn-csi300, cn-fund or a JSON file')
      .makeOptionMandatory()
      .helpGroup(importing),
  )

function tellRejected({ log }: Context, rejected: readonly RejectedRow[]): void {
  for (const { file, line, reason } of rejected.slice(0, toldMax)) log.warn('row refused', { file, line, reason })
}

async function importMarket(context: Context, folder: string): Promise<void> {
  const { settings, progress } = context
  const { importReference } = await import('../../import/import-reference.ts')
  await withStore(context, async (store) => {
    const stage = progress.stage('import', null, 'rows')
    const { rejected, ...counts } = await importReference(store, folder)
    const rows = counts.instruments + counts.fundamentals + counts.pv
    stage.end(`${rows.toLocaleString('en-US')} rows, ${rejected.length} refused`)
    tellRejected(context, rejected)
    context.answer(
      { store: settings.store, ...counts, rejected },
      () =>
        `${counts.instruments} instruments, ${counts.fundamentals} reports, ${counts.pv} daily bars, ` +
        `${rejected.length} rows refused`,
    )
  })
}

async function importDailyBars(context: Context, files: readonly string[], flags: MappedFlags): Promise<void> {
  const { settings, progress, signal } = context
  const { importDaily } = await import('../../import/daily/import-daily.ts')
  const { loadMapping } = await import('../../import/mapping.ts')
  const { profileOf } = await import('../../../schemas/profiles/index.ts')
  const mapping = await loadMapping(flags.mapping)
  await withStore(context, async (store) => {
    let stage: Stage | null = null
    const onProgress = (done: number, total: number): void => {
      stage ??= progress.stage('bars', total, 'rows')
      stage.reach(done)
    }
    const profile = profileOf(settings.profile)
    const report = await importDaily({ store, files, mapping, profile, onProgress, signal })
    ;(stage as Stage | null)?.end()
    tellRejected(context, report.tally.rejected)
    context.answer(dailyDocument(settings.store, mapping.name, report), () => dailyText(report))
  })
}

function dailyDocument(store: string, mapping: string, report: DailyReport): object {
  const { tally } = report
  return {
    store,
    mapping,
    unchanged: report.unchanged,
    from: report.from,
    to: report.to,
    names: report.names,
    rows: {
      read: tally.read,
      stored: tally.stored,
      rejected: tally.rejectedCount,
      untraded: tally.untraded,
      kept: tally.kept,
    },
    duplicates: tally.suspicious.duplicate,
    gaps: report.gaps,
    suspended: report.suspended,
    breaks: report.breaks,
    suspicious: tally.suspicious,
    examples: tally.examples,
    rejected: tally.rejected,
  }
}

const count = (value: number): string => value.toLocaleString('en-US')

function dailyText(report: DailyReport): string {
  const { tally } = report
  if (report.unchanged) return `unchanged: ${report.from} to ${report.to} is in the store, ${count(report.names)} names`
  const { duplicate, ...doubts } = tally.suspicious
  const lines = [
    `${count(tally.stored)} rows of ${count(report.names)} names, ${report.from} to ${report.to}`,
    `${count(tally.rejectedCount)} refused, ${count(duplicate)} duplicates, ${count(tally.untraded)} without trades, ` +
      `${count(tally.kept)} left to a session's own rows`,
    `${report.gaps.length} gaps${report.gaps.length === 0 ? '' : ` (${report.gaps.slice(0, 5).join(', ')})`}, ` +
      `${count(report.suspended)} days of suspension, ${count(report.breaks)} ex-days found`,
    `suspicious: ${Object.entries(doubts)
      .map(([kind, n]) => `${count(n)} ${kind}`)
      .join(', ')}`,
    ...tally.examples.map(
      ({ kind, file, line, instrument, date, fact }) => `  ${kind} ${instrument} ${date}: ${fact} (${file}:${line})`,
    ),
  ]
  return lines.join('\n')
}

async function importListings(
  context: Context,
  what: 'industries' | 'shares',
  file: string,
  { mapping: named, effective }: MappedFlags,
): Promise<void> {
  const { importIndustries, importShares } = await import('../../import/listings/import-listings.ts')
  const { loadMapping } = await import('../../import/mapping.ts')
  const mapping = await loadMapping(named)
  await withStore(context, async (store) => {
    const run = what === 'industries' ? importIndustries : importShares
    const report = await run({ store, file, mapping, effective })
    tellRejected(context, report.rejected)
    const { asOf, lookAhead, ...rest } = report
    const document = {
      store: context.settings.store,
      mapping: mapping.name,
      as_of: asOf,
      look_ahead: lookAhead,
      ...rest,
    }
    context.answer(document, () => listingText(what, report))
  })
}

function listingText(what: string, report: ListingReport & { readonly unpriced?: number }): string {
  const lines = [
    `${what} of ${count(report.names)} names as of ${report.asOf}, in force from ${report.effective}: ` +
      `${count(report.written)} rows written, ${count(report.rejected.length)} refused`,
  ]
  if (report.lookAhead) {
    lines.push(`look-ahead: days from ${report.effective} on are computed with what was known on ${report.asOf}`)
  }
  if ((report.unpriced ?? 0) > 0) {
    lines.push(`${count(report.unpriced ?? 0)} names have no stored price: import daily bars first, then their shares`)
  }
  return lines.join('\n')
}

async function extendByFile(context: Context, file: string): Promise<void> {
  const { calendarFile, importCalendar } = await import('../../compose/calendars.ts')
  const { name, version, added } = importCalendar(file, process.cwd())
  context.answer({ calendar: name, version, added, file: calendarFile }, () =>
    added.length === 0
      ? `unchanged: calendar ${name} knows these years already`
      : `calendar ${name} ${version} now knows ${added.join(', ')}; kept in ${calendarFile}`,
  )
}
