import type { Health } from '../../../schemas/limits.ts'
import { localDate } from '../../../schemas/profiles/index.ts'
import type { Colors } from '../colors.ts'
import type { CloseLine, EventLine, Judged, PartitionLine, TopView, WorkerLine } from './view.ts'

export interface Screen {
  readonly columns: number
  readonly rows: number
  readonly colors: Colors
  readonly mode: 'overview' | 'log' | 'help'
  readonly isPaused: boolean
}

const keys = 'q quit  p pause  l log  ? help'

const help = [
  'q, Ctrl-C  quit',
  'p          pause and go on; the system itself is not touched',
  'l          the log of events alone, and back',
  '?          this, and back',
  '',
  'MARK      everything up to this exchange time is in',
  'LAG       the mark behind the clock; on a past day how long its log has waited',
  'EV/S      events a second, LATE and GAPS counts of the day; ▲ past green, ■ past amber',
  'SNAPSHOT  age of the last one: what a restart need not read again',
  'CLOSE     what the day still waits for, and until when',
]

/** A frame, at most `rows` lines of `columns` characters: a smaller terminal loses the lower ones, never the keys. */
export function render(view: TopView, screen: Screen): string[] {
  const { columns, rows, colors } = screen
  const top = [headline(view, screen), ...bodyOf(view, screen)]
  const room = Math.max(rows - 1, 1)
  const shown = top.slice(0, room)
  while (shown.length < room && Number.isFinite(rows)) shown.push('')
  const lines = rows > 1 ? [...shown, colors.dim(fit(screen.isPaused ? `PAUSED  ${keys}` : keys, columns))] : shown
  return lines.map((line) => fit(line, columns))
}

function bodyOf(view: TopView, screen: Screen): string[] {
  if (screen.mode === 'help') return help
  if (screen.mode === 'log') return newest(view.events, screen.rows - 2, view)
  const { colors } = screen
  const above = [
    ...partitionsOf(view, colors),
    ...(view.close === null ? [] : closeLines(view.close, view, colors)),
    ...view.workers.map((worker) => workerLine(worker, colors)),
  ]
  return [...above, ...newest(view.events, screen.rows - above.length - 2, view)]
}

const phases: Readonly<Record<TopView['phase'], string>> = {
  before: 'BEFORE THE OPEN',
  'opening-auction': 'OPENING AUCTION',
  'pre-open': 'PRE-OPEN',
  continuous: 'CONTINUOUS',
  break: 'BREAK',
  'closing-auction': 'CLOSING AUCTION',
  after: 'AFTER THE CLOSE',
  closed: 'NO TRADING DAY',
}

function headline(view: TopView, { colors }: Screen): string {
  const { deployment, at, utcOffsetMinutes, phase, countdown, date } = view
  const hours = utcOffsetMinutes / 60
  const zone = `UTC${hours < 0 ? '-' : '+'}${Math.abs(hours)}`
  const left = countdown === null ? '' : `  ${countdown.to} in ${duration(countdown.seconds)}`
  const time = clock(at, view)
  const own = localDate(view, at)
  const day = date === '' || date === own ? '' : `  log of ${date}`
  return `${colors.bold(`closebell ${deployment}`)} ${time} ${zone}  ${phases[phase]}${left}${day}`
}

const heading = ['PART', 'MARK', 'LAG', 'EV/S', 'LATE', 'GAPS', 'OWNER', 'SNAPSHOT']

function partitionsOf(view: TopView, colors: Colors): string[] {
  if (view.partitions.length === 0) return ['no topics yet: run closebell open or a feed']
  const cells = view.partitions.map((line) => [
    String(line.partition),
    line.mark === null ? '-' : clock(line.mark, view),
    judged(line.lagSeconds, (value) => `${value.toFixed(1)}s`),
    rate(line),
    judged(line.late, count),
    judged(line.gaps, count),
    ownerOf(line),
    line.snapshotAgeSeconds === null ? '-' : age(line.snapshotAgeSeconds),
  ])
  const widths = heading.map((name, c) => cells.reduce((most, row) => Math.max(most, row[c].length), name.length))
  const isText = (c: number): boolean => c === 1 || c === 6
  const laid = (row: readonly string[]): string =>
    row.map((cell, c) => (isText(c) ? cell.padEnd(widths[c]) : cell.padStart(widths[c]))).join(' ')
  const lines = view.partitions.map((line, i) => paint(worstOf(line), colors)(laid(cells[i]).trimEnd()))
  return [colors.dim(laid(heading)), ...lines]
}

/** The colour of a line is that of its worst figure; a worker that fell silent is red. */
function worstOf({ lagSeconds, late, gaps, liveness }: PartitionLine): Health {
  if (liveness === 'silent') return 'red'
  const all = [lagSeconds.health, late.health, gaps.health]
  return all.includes('red') ? 'red' : all.includes('amber') ? 'amber' : 'green'
}

const paint = (health: Health, colors: Colors): ((text: string) => string) =>
  health === 'red' ? colors.red : health === 'amber' ? colors.yellow : String

const signs: Readonly<Record<Health, string>> = { green: '', amber: ' ▲', red: ' ■', unknown: '' }

const judged = ({ value, health }: Judged, format: (value: number) => string): string =>
  value === null ? '-' : `${format(value)}${signs[health]}`

const count = (value: number): string => value.toLocaleString('en-US')

const rate = ({ eventsPerSecond, liveness }: PartitionLine): string => {
  if (liveness !== 'live') return '-'
  return eventsPerSecond >= 1000 ? `${(eventsPerSecond / 1000).toFixed(1)}k` : eventsPerSecond.toFixed(0)
}

const ownerWidth = 18

function ownerOf({ owner, liveness, stage }: PartitionLine): string {
  if (liveness === 'absent') return 'no heartbeat'
  const name = owner.length > ownerWidth ? `${owner.slice(0, ownerWidth - 1)}…` : owner
  const isUsual = liveness === 'live' && stage === 'streaming'
  return isUsual ? name : `${name} ${liveness === 'live' ? stage : liveness.toUpperCase()}`
}

function closeLines(close: CloseLine, view: TopView, colors: Colors): string[] {
  const { partitions, panels, results, hasComposite, completed, deadline, date } = close
  const word = completed?.degraded === true ? 'DEGRADED' : 'COMPLETE'
  const waits = deadline === null ? 'no deadline set' : `deadline ${clock(deadline, view).slice(0, 5)}`
  const ends =
    completed === null
      ? `- ${waits}`
      : colors.bold(`${word} r${completed.revision + 1} ${clock(close.completedAt, view)}`)
  const parts = [
    `partitions ${partitions.done}/${partitions.total}`,
    `panels ${panels.done}/${panels.total}`,
    `results ${results.done}/${results.total === 0 ? '-' : results.total}`,
    `ML_C${hasComposite ? ' in' : ''}`,
  ]
  return [`CLOSE  ${date} ${parts.join(' ')} ${ends}`, ...waitingLines(close, view, colors)]
}

/** What a close that does not come waits for. */
function waitingLines({ partitions, results, completed, date }: CloseLine, view: TopView, colors: Colors): string[] {
  if (completed !== null || view.phase !== 'after') return []
  const open = view.partitions.filter((line) => partitions.waiting.includes(line.partition) && line.waiting.length > 0)
  const chains = open.map((line) => `partition ${line.partition} for ${line.waiting.join(' ')}`)
  const sets = results.waiting.map((set) => `the result of ${set}`)
  const all = line([...chains, ...sets])
  return all === '' ? [] : [colors.yellow(`WAITS  ${date} ${all}`)]
}

const line = (parts: readonly string[]): string => parts.join(', ')

function workerLine(worker: WorkerLine, colors: Colors): string {
  const { worker: name, stage, date, messagesBehind, behindSeconds, detail, owner, liveness, waiting } = worker
  const isSilent = liveness === 'silent'
  const words = [
    isSilent ? 'SILENT' : stage,
    date,
    ...waiting.slice(0, 3),
    messagesBehind > 0 ? `${count(messagesBehind)} behind, ${judged(behindSeconds, (value) => age(value))}` : '',
    detail,
    owner,
  ]
  const text = `${name.padEnd(6)} ${words.filter((word) => word !== '').join(' ')}`
  return paint(isSilent ? 'red' : behindSeconds.health, colors)(text)
}

const newest = (events: readonly EventLine[], room: number, view: TopView): string[] =>
  (room > 0 ? events.slice(-room) : []).map(({ at, text }) => `${clock(at, view)} ${text}`)

const shifted = (ms: number, { utcOffsetMinutes }: TopView): string =>
  new Date(ms + utcOffsetMinutes * 60_000).toISOString()

const clock = (ms: number, view: TopView): string => shifted(ms, view).slice(11, 19)

/** `1:48`, `1:17:42`. */
export function duration(seconds: number): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  const hours = Math.floor(seconds / 3600)
  const minutes = (seconds % 3600) / 60
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${Math.floor(minutes)}:${two(seconds % 60)}`
}

/** `40s`, `12m`, `3h`, `2d`. */
export function age(seconds: number): string {
  const [divisor, unit] =
    seconds < 120 ? [1, 's'] : seconds < 7200 ? [60, 'm'] : seconds < 172_800 ? [3600, 'h'] : [86_400, 'd']
  return `${Math.floor(seconds / (divisor as number))}${unit}`
}

const escape = /\u001b\[[0-9;]*m/g

/** Cuts a line to a width, not counting colours; symbols and reasons are data, so control characters go. */
export function fit(text: string, width: number): string {
  const clean = text.replaceAll(escape, '').length <= width
  if (clean) return text
  let seen = 0
  let cut = ''
  for (const part of text.split(/(\u001b\[[0-9;]*m)/)) {
    if (part.startsWith('\u001b[')) cut += part
    else {
      const kept = part.slice(0, Math.max(0, width - seen))
      seen += kept.length
      cut += kept
    }
  }
  return cut
}
