import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tableOf } from '../../schemas/tables.ts'
import { systemClock } from '../../src/compose/clock.ts'
import { dateToEventTime, type Rows } from '../../src/ports/store.ts'
import { down, up } from '../../src/services/index.ts'
import { openQuestdb, type Encoder } from '../../src/store/questdb/index.ts'
import { costOf, machine, median, say } from './measure.ts'

const table = 'c'
const names = 5500
const days = 8
const rounds = 3
const encoders: readonly Encoder[] = ['client', 'binary']

/**
 * Day rows of C, 5,500 names, into a real QuestDB through the official client and through our encoder, in turn: until
 * the server acknowledged them, and until they can be read. CPU is the writing process's own.
 */
export async function store(): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-bench-'))
  try {
    const { questdb } = await up({ folder, kafka: false, questdb: true })
    if (questdb === null) throw new Error('QuestDB did not start')
    const taken: Record<Encoder, Taken[]> = { client: [], binary: [] }
    for (let round = -1; round < rounds; round++) {
      for (const encoder of encoders) {
        const cost = await write(questdb, encoder, round)
        say(`${encoder} ${round < 0 ? 'warm-up' : round}: ${Math.round((names * days) / cost.appliedS)} rows/s`)
        if (round >= 0) taken[encoder].push(cost)
      }
    }
    const figures = Object.fromEntries(encoders.map((encoder) => [encoder, figuresOf(taken[encoder])]))
    const ratio = median(taken.client.map(({ appliedS }, i) => appliedS / taken.binary[i].appliedS))
    return { machine: machine(), table, columns: tableOf(table).columns.length, rows: names * days, ...figures, ratio }
  } finally {
    await down({ folder })
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Taken {
  readonly acknowledgedS: number
  readonly appliedS: number
  readonly cpuS: number
}

async function write({ host, port }: { host: string; port: number }, encoder: Encoder, round: number): Promise<Taken> {
  const opened = await openQuestdb({
    host,
    httpPort: port,
    prefix: `${encoder}_${round + 1}`,
    encoder,
    clock: systemClock,
    log: { debug: () => undefined, info: say, warn: say, error: say },
  })
  await opened.ensureTables()
  const rows = Array.from({ length: days }, (_, day) => dayRows(day))
  const written = await costOf(async () => {
    for (const day of rows) await opened.append(table, day)
  })
  const applied = await costOf(() => opened.applied([table]))
  await opened.close()
  return {
    acknowledgedS: written.seconds,
    appliedS: written.seconds + applied.seconds,
    cpuS: written.cpuSeconds,
  }
}

/** Doubles of full precision, as features are. */
function dayRows(day: number): Rows {
  const column = (value: (row: number) => number): Float64Array =>
    Float64Array.from({ length: names }, (_, i) => value(i))
  const doubles = tableOf(table).columns.filter(({ kind }) => kind === 'double')
  return {
    count: names,
    columns: {
      event_time: column(() => dateToEventTime('2024-01-02') + day * 86_400_000_000),
      instrument: Array.from({ length: names }, (_, i) => String(600_000 + i)),
      revision: column(() => 0),
      origin: new Array<string>(names).fill('live'),
      known_at: column((i) => dateToEventTime('2024-01-02') + i),
      sizing: new Array<string>(names).fill('order'),
      quality: column((i) => i % 4),
      ...Object.fromEntries(doubles.map(({ name }, c) => [name, column((i) => Math.sin(i * 7 + c + day))])),
    },
  }
}

const figuresOf = (taken: readonly Taken[]) => ({
  acknowledged: Math.round((names * days) / median(taken.map(({ acknowledgedS }) => acknowledgedS))),
  applied: Math.round((names * days) / median(taken.map(({ appliedS }) => appliedS))),
  cpuSeconds: median(taken.map(({ cpuS }) => cpuS)),
})
