import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { constants, PerformanceObserver } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { DayOpened, Reference } from '../../schemas/market.ts'
import { cn } from '../../schemas/profiles/index.ts'
import type { FlowSizing } from '../../schemas/rows.ts'
import { Acc, accStride } from '../../streams/accumulators.ts'
import { PartitionDay } from '../../streams/index.ts'
import { decode } from '../../src/wire/index.ts'
import { fingerprints } from '../../src/workers/fingerprints.ts'
import { LoadMarket } from './load/market.ts'
import { costOf, machine, median, say } from './measure.ts'
import { writeTwinInput, type LoadBatch } from './twin/input.ts'

const load = { seed: 20261130, instruments: 5500, parents: 5_300_000, partitions: 1 }
const sizings: readonly FlowSizing[] = ['order', 'filled']
/** The first round warms the compiler up. */
const rounds = 5
/** The platform tells of a collection some turns after it. */
const tellingMs = 50
/** What the opening of a day left behind is not the pass's to collect. */
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
/** Fields that stand on a logarithm, whose last bit is the library's: equal to twelve digits. */
const logarithmic: readonly number[] = [Acc.sumR2, Acc.sumR3, Acc.sumIlliquidity]

interface Loaded {
  readonly opened: DayOpened
  readonly reference: Reference
  readonly batches: readonly LoadBatch[]
  readonly events: number
  readonly told: object
}

function loaded(): Loaded {
  const market = new LoadMarket(load)
  let opened: DayOpened | null = null
  let reference: Reference | null = null
  const batches: LoadBatch[] = []
  let events = 0
  for (const message of market.messages()) {
    const { kind, value } = decode(message.value)
    if (kind === 'dayOpened') opened = value
    else if (kind === 'reference') reference = value
    else if (kind === 'tickBatch') batches.push({ kind: 'ticks', batch: value })
    else if (kind === 'bookBatch') batches.push({ kind: 'books', batch: value })
    events += message.events
  }
  const told = { ...load, ...market.counts, seconds: market.seconds }
  return { opened: opened as DayOpened, reference: reference as Reference, batches, events, told }
}

function opening({ opened, reference }: Loaded, sizing: FlowSizing): PartitionDay {
  const day = new PartitionDay(opened, { profile: cn, sizing, fingerprints, minuteRows: false })
  day.refer(reference, 0)
  return day
}

/** The pass over all batches, what the collector did meanwhile, and how much the heap of objects grew. */
async function pass(day: PartitionDay, { batches }: Loaded) {
  const collections = { minor: 0, other: 0 }
  let end = Infinity
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as unknown as readonly { startTime: number; detail: { kind: number } }[])
      if (entry.startTime < end)
        collections[entry.detail.kind === constants.NODE_PERFORMANCE_GC_MINOR ? 'minor' : 'other'] += 1
  })
  collect()
  await sleep(tellingMs)
  observer.observe({ entryTypes: ['gc'] })
  const heap = process.memoryUsage().heapUsed
  const cost = await costOf(() => {
    for (const [offset, { kind, batch }] of batches.entries()) day.takeBatch(kind, batch, offset)
  })
  end = performance.now()
  const heapGrowth = process.memoryUsage().heapUsed - heap
  await sleep(tellingMs)
  observer.disconnect()
  return { cpuSeconds: cost.cpuSeconds, collections, heapGrowth }
}

/** Differences of the accumulators, the ones that stand on a logarithm by more than their last digits. */
function differences(ours: Float64Array, theirs: Float64Array): number {
  let count = 0
  for (let i = 0; i < ours.length; i++) {
    const isLogarithmic = logarithmic.includes(i % accStride)
    const isEqual = isLogarithmic
      ? Math.abs(ours[i] - theirs[i]) <= 1e-12 * Math.abs(theirs[i]) + 1e-24
      : Object.is(ours[i], theirs[i])
    if (!isEqual) count++
  }
  return count
}

/** The pass in C, a round for each call: nanoseconds. */
function twinOf(program: string, input: string, output: string) {
  const child = spawn(program, [input, output], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    round: async (): Promise<number> => {
      child.stdin.write('round\n')
      const { value, done } = await lines.next()
      if (done === true) throw new RangeError('the twin ended before its time')
      return Number(value)
    },
    end: async (): Promise<void> => {
      child.stdin.end()
      const [code] = (await once(child, 'exit')) as [number]
      if (code !== 0) throw new RangeError(`the twin ended with code ${code}`)
    },
  }
}

/** Our pass and the same algorithm in C over the same batches, by turns: CPU nanoseconds an event. */
async function beside(program: string, folder: string, all: Loaded, sizing: FlowSizing): Promise<object> {
  const [input, output] = [join(folder, 'input'), join(folder, 'output')]
  const file = openSync(input, 'w')
  writeTwinInput(file, opening(all, sizing), all.batches, sizing)
  closeSync(file)
  const twin = twinOf(program, input, output)
  const passes: (Awaited<ReturnType<typeof pass>> & { readonly ours: number; readonly inC: number })[] = []
  let day = opening(all, sizing)
  for (let round = 0; round <= rounds; round++) {
    day = opening(all, sizing)
    const passed = await pass(day, all)
    const [ours, inC] = [(passed.cpuSeconds * 1e9) / all.events, (await twin.round()) / all.events]
    passes.push({ ...passed, ours, inC })
    say(`${sizing}: ${ours.toFixed(0)} ns, in C ${inC.toFixed(0)} ns`)
  }
  await twin.end()
  const measured = passes.slice(1)
  const bytes = readFileSync(output)
  const { state, orders } = day.reducer
  const theirs = new Float64Array(Uint8Array.from(bytes).buffer)
  const accumulators = state.acc.subarray(0, state.count * accStride)
  return {
    sizing,
    cpu_ns_per_event: {
      typescript: median(measured.map(({ ours }) => ours)),
      c: median(measured.map(({ inC }) => inC)),
    },
    ratio_to_c: median(measured.map(({ ours, inC }) => ours / inC)),
    accumulators: accumulators.length,
    different_accumulators:
      accumulators.length === theirs.length ? differences(accumulators, theirs) : accumulators.length,
    live_orders: orders.size,
    bytes_per_live_order: orders.bytes / orders.size,
    bytes_per_instrument: (state.acc.byteLength + state.bar.byteLength) / state.count,
    collections: passes.at(-1)?.collections,
    heap_growth_bytes: passes.at(-1)?.heapGrowth,
  }
}

/** The in-memory pass (merge, checks, order table, buckets, minute bars, accumulators) beside its twin in C -O3. */
export async function reduceInMemory(): Promise<object> {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-bench-'))
  try {
    const program = join(folder, 'twin')
    execFileSync('cc', ['-O3', '-o', program, 'test/bench/twin/reduce.c', '-lm'])
    const all = loaded()
    say(`${all.events} events`)
    const figures = []
    for (const sizing of sizings) figures.push(await beside(program, folder, all, sizing))
    return { bench: 'reduce', machine: machine(), rounds, load: all.told, events: all.events, figures }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
