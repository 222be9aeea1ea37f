import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { runCases, type Outcome, type Violation } from './runner.ts'
import { openTargets } from './targets.ts'

/**
 * `npm run check:fuzz -- --cases N --seed S [--json]`: N cases over all targets, in pieces, each in a thread whose hang
 * is noticed. Exit code 1 when one violates the rule.
 */

interface Piece {
  readonly target: string
  readonly from: number
  readonly to: number
  readonly seed: number
  /** Number of the case at work. */
  readonly at: SharedArrayBuffer
}

export interface FuzzRun {
  readonly seed: number
  readonly cases: Readonly<Record<string, number>>
  /** ms of the longest case of each target. */
  readonly longestMs: Readonly<Record<string, number>>
  readonly violations: readonly Violation[]
  readonly machine: string
  readonly node: string
  readonly date: string
  readonly seconds: number
}

/** A case that has taken so much CPU, or so long, never ends: on a busy machine time passes without it. */
const hungCpuMs = 20_000
const hungMs = 600_000
const lookMs = 5000

async function work({ target: name, seed, from, to, at }: Piece): Promise<void> {
  const current = new Int32Array(at)
  const targets = await openTargets()
  const target = targets.find((one) => one.name === name)
  const note = (index: number): void => void Atomics.store(current, 0, index)
  if (target === undefined) throw new Error(`there is no target ${name}`)
  const found = await runCases(target, seed, { from, to }, note)
  for (const { close } of targets) await close?.()
  parentPort?.postMessage(found)
}

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function runPiece(piece: Omit<Piece, 'at'>): Promise<Outcome> {
  const at = new SharedArrayBuffer(4)
  const current = new Int32Array(at).fill(-1)
  const worker = new Worker(new URL(import.meta.url), { workerData: { ...piece, at } })
  return new Promise((resolve) => {
    let seen = { case: -1, at: performance.now(), cpu: cpuMs() }
    const watch = setInterval(() => {
      const now = Atomics.load(current, 0)
      if (now !== seen.case) seen = { case: now, at: performance.now(), cpu: cpuMs() }
      else if (cpuMs() - seen.cpu >= hungCpuMs || performance.now() - seen.at >= hungMs) {
        fail('hangs')
        void worker.terminate()
      }
    }, lookMs)
    const settle = (act: () => void): void => {
      clearInterval(watch)
      act()
    }
    const fail = (what: string): void => {
      const { target, seed } = piece
      const violation = { target, seed, case: Atomics.load(current, 0), what, input: '' }
      settle(() => resolve({ violations: [violation], longestMs: 0 }))
    }
    worker.once('message', (found: Outcome) => settle(() => resolve(found)))
    worker.once('error', (error) => fail(`crashes: ${String(error)}`))
  })
}

async function check(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cases: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      target: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const start = performance.now()
  const all = await openTargets()
  for (const { close } of all) await close?.()
  const cases: Record<string, number> = {}
  const longestMs: Record<string, number> = {}
  const violations: Violation[] = []
  const seed = Number(values.seed)
  for (const { name, share } of all.filter((one) => values.target === undefined || one.name === values.target)) {
    const count = Math.ceil((Number(values.cases) * share) / 1000)
    const found = await runPiece({ target: name, seed, from: 0, to: count })
    cases[name] = count
    longestMs[name] = Math.round(found.longestMs * 10) / 10
    violations.push(...found.violations)
    process.stderr.write(`${name}: ${count} cases, ${found.violations.length} violations\n`)
  }
  const run: FuzzRun = {
    seed,
    cases,
    longestMs,
    violations,
    machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    seconds: Math.round((performance.now() - start) / 1000),
  }
  process.stdout.write(values.json ? `${JSON.stringify(run, null, 2)}\n` : summaryOf(run))
  process.exitCode = violations.length === 0 ? 0 : 1
}

const summaryOf = ({ cases, violations, seconds }: FuzzRun): string => {
  const sum = Object.values(cases).reduce((a, b) => a + b, 0)
  const lines = violations.slice(0, 20).map(({ target, case: index, what }) => `${target} case ${index}: ${what}\n`)
  return `${lines.join('')}${sum} cases, ${violations.length} violations, ${seconds} s\n`
}

if (isMainThread) await check()
else await work(workerData as Piece)
