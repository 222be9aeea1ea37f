import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'
import { parseExpression } from '../../models/expression/parse.ts'
import { networkSpec } from '../../models/network/spec.ts'
import { decodeArtifact, encodeArtifact } from '../../models/training/artifact.ts'
import { asClosebellError } from '../../src/cli/failure.ts'
import { buildProgram } from '../../src/cli/program.ts'
import { loadSettings } from '../../src/compose/settings.ts'
import { cnL2Feed } from '../../src/feeds/cn-l2/index.ts'
import { dateIn, numberIn, readRows, symbolIn, type RejectedRow } from '../../src/import/csv-rows.ts'
import { loadMapping, symbolRule } from '../../src/import/mapping.ts'
import type { Random } from '../../src/simulator/random.ts'
import { sha256 } from '../../src/wire/index.ts'
import { untrainedArtifact } from '../artifacts/untrained.ts'
import { mutated, pick, strange } from './mutate.ts'
import type { Target } from './runner.ts'

const textsOf = (...texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text))

const expressions = textsOf(
  'ret',
  '(neg (ts_mean ret 5))',
  '(ts_corr (rank volume) (rank close) 20)',
  '(div (sub close (ts_mean close 10)) (ts_std close 10))',
  '((((((((',
  '(add 1 2)',
)

const settings = textsOf(
  '{"partitions": 5, "store": "duckdb:file.duckdb", "flowSize": "trade"}',
  '{"bus": "kafka://localhost:9092/desk", "engine": "auto", "logLevel": "debug", "models": "m", "profile": "cn"}',
  '{}',
)

const mappings = textsOf(
  JSON.stringify({
    name: 'vendor',
    symbols: [{ pattern: '^(\\d{6})\\.XSHG$', symbol: '$1.SH' }],
    daily: {
      columns: { date: 'day', code: 'code', open: 'o', high: 'h', low: 'l', close: 'c', volume: 'v', amount: 'a' },
      units: { volume: 100 },
    },
  }),
)

const daily = textsOf(
  'date,instrument,close\n2023-02-01,600000.SH,10.5\n2023-02-02,600000.SH,\n2023-02-02,000001.SZ,7\n',
  'date,instrument,close\n2023-02-30,,x\n"2023-02-01","a""b",1e3\n',
)

const level2 = textsOf(
  'code,channel,biz_index,time,buy_no,sell_no,price,volume,bs_flag\n600000.SH,1,1,93000000,1,2,10.01,100,B\n',
  'code,channel,biz_index,time,order_no,type,side,price,volume\n600000.SH,1,2,93000010,3,A,B,10.01,100\n',
  'code,channel,appl_seq,time,exec_type,buy_no,sell_no,price,volume\n000001.SZ,2011,1,93000000,F,1,2,10.01,100\n',
)

/** Words of a command line, one NUL between each two. */
const commandLines = textsOf(
  ...[
    'simulate --out market --instruments 6 --days 2 --seed 1 --json',
    'features --bus kafka://localhost:9092/desk --until-close --date 2023-02-01 --flow-size filled',
    'close --deadline 15:20 --store duckdb:closebell.duckdb --models models',
    'backfill --from 2023-02-01 --to 2023-02-03 --bus tape:market',
    'feed cn-l2 2023-02-01.csv --speed 10',
    'show features --date 2023-02-01 --instrument 600000.SH --set PV --minute 3',
    'backtest --from 2023-01-03 --to 2023-02-01 --store duckdb:x',
    'models promote PV --models models',
    'correct 2023-02-01 --cause late --retract',
    'serve --port 8080 --config closebell.json',
    '--help',
  ].map((line) => line.replaceAll(' ', '\0')),
)

const silent = { writeOut: () => undefined, writeErr: () => undefined, outputError: () => undefined }

function silence(command: Command): Command {
  command.configureOutput(silent).commands.forEach(silence)
  return command
}

async function readCommandLine(input: Buffer): Promise<void> {
  const program = silence(buildProgram(() => () => Promise.resolve()))
  await program.parseAsync(input.toString().split('\0'), { from: 'user' }).catch((error: unknown) => {
    throw asClosebellError(error)
  })
}

/** A target whose input lies in a file of its own. */
function fileTarget(
  name: string,
  share: number,
  file: string,
  corpus: readonly Buffer[],
  read: (path: string, folder: string) => unknown,
): Target {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-fuzz-'))
  const path = join(folder, file)
  return {
    name,
    share,
    draw: (random) => mutated(corpus, random),
    read: (input) => {
      writeFileSync(path, input)
      return read(path, folder)
    },
    close: async () => rmSync(folder, { recursive: true }),
  }
}

async function readDaily(path: string): Promise<void> {
  const rejected: RejectedRow[] = []
  await readRows(path, ['date', 'instrument', 'close'], rejected, (row) => {
    dateIn(row, 'date')
    symbolIn(row)
    numberIn(row, 'close')
  })
}

async function readLevel2(path: string): Promise<void> {
  for await (const day of cnL2Feed([path]).days()) {
    for await (const part of day.blocks(() => undefined)) void part
  }
}

async function readMapping(path: string): Promise<void> {
  symbolRule(await loadMapping(path))('600000.XSHG')
}

const spec = networkSpec({ family: 'gru', features: 2, lookback: 3, hidden: 4, heads: 2 })
const artifact = encodeArtifact(untrainedArtifact({ set: 'PV', spec, columns: ['pv_open', 'pv_close'] }))
const manifests = textsOf(artifact.manifest)
const weights = [Buffer.from(artifact.weights)]

/** A field of the manifest, changed, under a hash that is right again. */
function resealed(random: Random): Buffer {
  const manifest = JSON.parse(artifact.manifest) as Record<string, unknown>
  const inner = pick(random, [manifest, manifest['spec'], manifest['schedule'], manifest['train']])
  const holder = inner as Record<string, unknown>
  const values = [strange(random), null, '', '../../x', [], {}, [1e9], 'x'.repeat(1 << 10)]
  holder[pick(random, Object.keys(holder))] = pick(random, values)
  delete manifest['hash']
  return Buffer.from(JSON.stringify({ ...manifest, hash: sha256(sortedJson(manifest)) }))
}

const sortedJson = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )

const manifestTarget: Target = {
  name: 'manifest',
  share: 8,
  draw: (random) => (random.uniform() < 0.5 ? resealed(random) : mutated(manifests, random)),
  read: (input) => void decodeArtifact({ manifest: input.toString(), weights: artifact.weights }, sha256),
}

const weightsTarget: Target = {
  name: 'weights',
  share: 6,
  draw: (random) => mutated(weights, random),
  read: (input) => void decodeArtifact({ manifest: artifact.manifest, weights: input }, sha256),
}

const expressionTarget: Target = {
  name: 'expression',
  share: 200,
  draw: (random) => mutated(expressions, random),
  read: (input) => void parseExpression(input.toString()),
}

const commandLineTarget: Target = {
  name: 'command line',
  share: 8,
  draw: (random) => mutated(commandLines, random),
  read: readCommandLine,
}

/** Texts that people and vendors write. */
export const textTargets = (): Target[] => [
  commandLineTarget,
  expressionTarget,
  manifestTarget,
  weightsTarget,
  fileTarget('settings', 12, 'closebell.json', settings, (_, folder) => {
    loadSettings({ flags: {}, environment: {}, folder })
  }),
  fileTarget('mapping', 4, 'mapping.json', mappings, readMapping),
  fileTarget('rows of a CSV file', 1, 'rows.csv', daily, readDaily),
  fileTarget('Level-2 file', 0.8, '2023-02-01.csv', level2, readLevel2),
]
