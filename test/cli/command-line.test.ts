import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { compressors } from 'hyparquet-compressors'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBus } from '../../src/compose/bus.ts'
import { realClock } from '../real-clock.ts'
import { seed } from '../seed.ts'
import { silentLog } from '../silent-log.ts'
import { build, closebell, ended, start, type Ran } from './run-closebell.ts'

const cwd = mkdtempSync(join(tmpdir(), 'closebell-cli-'))
const run = (...args: string[]): Promise<Ran> => closebell(args, { cwd })

beforeAll(build, 300_000)
afterAll(() => rmSync(cwd, { recursive: true, force: true }))

/** `CODE: fact. remedy`, in one line and last. */
const oneLine = /^CB_[A-Z_]+: .+\. .+$/

describe('exit codes and messages', () => {
  it.each([
    [['features', '--flow-sizes', 'filled'], 'CB_USAGE: unknown flag --flow-sizes. The nearest is --flow-size.'],
    [['featurs'], 'CB_USAGE: unknown command featurs. The nearest is features.'],
    [[], 'CB_USAGE: a command is missing. See the command’s --help.'],
    [['simulate'], 'CB_USAGE: --out <folder> is missing. See the command’s --help.'],
    [['simulate', '--out', 'x', '--days', '0'], 'CB_USAGE: days is 0, not a whole number of 1 to 2000.'],
    [['show', 'features', '--date', '2023-02-30'], "CB_USAGE: --date '2023-02-30' is no date YYYY-MM-DD."],
    [['features', '--date', '2023-02-01'], 'CB_USAGE: --date is given without --until-close.'],
  ])('%j is misused: 2, one line, nothing on stdout', async (args, line) => {
    const { code, stdout, lastLine } = await run(...args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(lastLine).toContain(line)
    expect(lastLine).toMatch(oneLine)
  })

  it.each([
    [['show', 'features', '--store', 'duckdb:none.duckdb', '--json'], 'CB_ABSENT'],
    [['feed', 'tape', 'none', '--json'], 'CB_ABSENT'],
    [['import', 'market', 'none', '--store', 'duckdb:other.duckdb'], 'CB_ABSENT'],
    [['show', 'bars', '--store', 'questdb://127.0.0.1:1'], 'CB_STORE_UNREACHABLE'],
  ])('%j fails: 1, one line with its code, nothing on stdout', async (args, errorCode) => {
    const { code, stdout, lastLine } = await run(...args)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(lastLine).toMatch(oneLine)
    expect(lastLine).toContain(`${errorCode}: `)
  })

  it('status answers no: 1, with its document', async () => {
    const { code, stdout, stderr } = await run('status', '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ kafka: { state: 'stopped' }, questdb: { state: 'stopped' } })
    expect(stderr).toBe('')
  })

  it('--help and --version go to stdout', async () => {
    expect(await run('--help')).toMatchObject({ code: 0, stderr: '' })
    expect(await run('--version')).toMatchObject({ code: 0, stdout: '0.1.0\n' })
  })

  it('config prints what is in force and where it comes from', async () => {
    writeFileSync(join(cwd, 'own.json'), JSON.stringify({ profile: 'cn', partitions: 5 }))
    const env = { CLOSEBELL_STORE: 'duckdb:v.duckdb', CLOSEBELL_PARTITIONS: '6' }
    const args = ['config', '--config', 'own.json', '--engine', 'reference', '--json']
    const { code, stdout } = await closebell(args, { cwd, env })
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      partitions: { value: 6, source: 'variable', place: 'CLOSEBELL_PARTITIONS' },
      store: { value: 'duckdb:v.duckdb', source: 'variable' },
      engine: { value: 'reference', source: 'flag', place: '--engine' },
      profile: { value: 'cn', source: 'file' },
      bus: { source: 'default' },
    })
  })

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 0],
  ] as const)('%s ends a service in order with %i and nothing on stdout', async (name, code) => {
    const child = start(['features', '--bus', `tape:empty-${name}`, '--json'], { cwd })
    child.stderr?.on('data', (bytes: Buffer) => {
      if (bytes.toString().includes('features: started')) child.kill(name)
    })
    const end = await ended(child)
    expect({ code: end.code, stdout: end.stdout }).toEqual({ code, stdout: '' })
    expect(end.lastLine).toMatch(new RegExp(`^${name}: features stopped: no day closed, 0 rows of 0 messages`))
  })
})

describe('from a simulated market to rows', () => {
  const size = ['--instruments', '6', '--days', '2', '--events', '300', '--partitions', '3', '--seed', String(seed)]
  const store = 'duckdb:market.duckdb'
  const from = '2024-01-02'
  const show = async (...args: string[]): Promise<unknown> => {
    const { code, stdout, lastLine } = await run('show', ...args, '--store', store, '--json')
    expect([code, lastLine]).toEqual([0, ''])
    return JSON.parse(stdout)
  }

  beforeAll(async () => {
    const simulated = await run('simulate', '--out', 'market', ...size, '--json')
    expect(JSON.parse(simulated.stdout)).toMatchObject({ seed, partitions: 3, from, to: '2024-01-03' })
    const imported = await run('import', 'market', 'market/reference', '--store', store, '--json')
    expect(JSON.parse(imported.stdout)).toMatchObject({ instruments: 6, rejected: [] })
    const closed = await run('features', '--bus', 'tape:market', '--until-close', '--flow-size', 'filled', '--json')
    expect(JSON.parse(closed.stdout)).toMatchObject({ date: from, sizing: 'filled', quarantined: 0, late: 0 })
    const sunk = await run('sink', '--from', from, '--bus', 'tape:market', '--store', store, '--json')
    expect([sunk.code, sunk.lastLine]).toEqual([0, ''])
  }, 120_000)

  it('show gives objects keyed by date, instrument and catalogue ids, no value being null', async () => {
    const all = (await show('features', '--date', from)) as Record<string, number | string | null>[]
    expect(all.length).toBe(6)
    const rows = all.filter((row) => row['trades'] !== 0) // A name may be suspended for the day.
    expect(rows.length).toBeGreaterThan(3)
    for (const row of rows) {
      expect(row['date']).toBe(from)
      expect(row['amount']).toBeGreaterThan(0)
      expect(row['volume']).toBe(row['pv_volume'])
      // Sizing `filled`: what is bought over all buckets is the turnover.
      const bought = ['c_buy_s', 'c_buy_m', 'c_buy_l', 'c_buy_xl'].reduce((sum, id) => sum + Number(row[id]), 0)
      expect(bought).toBeCloseTo(Number(row['amount']), 2)
    }
    // HF-58 needs 60 prints, which no name of this market has in its first minute.
    const first = (await show('features', '--date', from, '--set', 'HF', '--minute', '0')) as Record<string, unknown>[]
    expect(first.map((row) => row['hf_s_ac1'])).toEqual(all.map(() => null))
  })

  it('show takes one set, instruments, a minute, and the minute’s day-to-date values meet the day’s', async () => {
    const [day] = (await show('features', '--set', 'PV', '--date', from)) as Record<string, string>[]
    const { instrument } = day
    expect(Object.keys(day).sort()).toEqual(
      ['date', 'instrument', 'pv_close', 'pv_high', 'pv_low', 'pv_open', 'pv_volume', 'pv_vwap'].sort(),
    )
    const only = ['--date', from, '--instrument', instrument]
    expect(await show('features', '--set', 'PV', ...only)).toEqual([day])
    const last = await show('features', '--set', 'PV', '--minute', '237', ...only)
    expect(last).toEqual([{ ...day, minute: 237 }])
    const bars = (await show('bars', ...only)) as Record<string, number>[]
    expect(bars).toHaveLength(239)
    expect(bars.reduce((sum, bar) => sum + bar['bar_volume'], 0)).toBe(day['pv_volume'])
  })

  it('a table has the same rows; Parquet too, with null where there is no value', async () => {
    const { stdout } = await run('show', 'features', '--set', 'HF', '--date', from, '--store', store)
    const rows = (await show('features', '--set', 'HF', '--date', from)) as Record<string, unknown>[]
    const lines = stdout.trimEnd().split('\n')
    expect(lines).toHaveLength(rows.length + 1)
    expect(lines[0].split(/ +/)).toEqual(Object.keys(rows[0]))
    expect(await show('features', '--set', 'HF', '--date', from, '--parquet', 'hf.parquet')).toMatchObject({
      file: 'hf.parquet',
      rows: rows.length,
    })
    const file = await asyncBufferFromFile(join(cwd, 'hf.parquet'))
    expect(await parquetReadObjects({ file, compressors })).toEqual(rows)
  })

  it('flags that do not fit the subject are misuse', async () => {
    for (const args of [
      ['styles', '--instrument', '600000.SH'],
      ['bars', '--set', 'PV'],
      ['graphs', '--minute', '3'],
      ['features', '--set', 'ML_C'],
      ['features', '--set', 'G', '--minute', '3'],
      ['nothing'],
    ]) {
      expect([args, (await run('show', ...args, '--store', store)).code]).toEqual([args, 2])
    }
  })

  it('feed tape brings the same log onto another bus once, and the same rows come of it', async () => {
    const [first, again] = [
      await run('feed', 'tape', 'market', '--bus', 'tape:copy', '--json'),
      await run('feed', 'tape', 'market', '--bus', 'tape:copy', '--json'),
    ].map(({ stdout }) => JSON.parse(stdout) as Record<string, unknown>)
    expect(first).toMatchObject({ skipped: 0, reference: 'market/reference', dates: [from, '2024-01-03'] })
    expect(again).toMatchObject({ messages: 0, skipped: first['messages'] })
    const open = (name: string) => openBus(`tape:${join(cwd, name)}`, { clock: realClock, log: silentLog })
    const [a, b] = [await open('market'), await open('copy')]
    for (let partition = 0; partition < 2; partition++) {
      expect(await values(b, partition)).toEqual(await values(a, partition))
    }
    await Promise.all([a.close(), b.close()])
    const other = await run('simulate', '--out', 'other', ...size.slice(0, -1), String(seed + 1), '--json')
    expect(other.code).toBe(0)
    const mixed = await run('feed', 'tape', 'other', '--bus', 'tape:copy')
    expect(mixed.code).toBe(2)
    expect(mixed.lastLine).toMatch(/^CB_USAGE: partition \d of the bus has /)
  })

  async function values(bus: Awaited<ReturnType<typeof openBus>>, partition: number): Promise<string[]> {
    const found: string[] = []
    for await (const messages of bus.read('market', partition, { from: 0, until: 'end' })) {
      for (const { date, key, value } of messages) found.push(`${date} ${key} ${Buffer.from(value).toString('base64')}`)
    }
    return found
  }
})
