import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ClosebellError } from '../../schemas/errors.ts'
import { Random } from '../../src/simulator/random.ts'

/** One reader of bytes from outside. */
export interface Target {
  readonly name: string
  /** Of 1000 cases, how many are its own: the slower a reader, the fewer. */
  readonly share: number
  /** An input, the same for the same numbers drawn. */
  readonly draw: (random: Random) => Buffer
  /** Reads it: gives a result, or throws a ClosebellError. */
  readonly read: (input: Buffer) => unknown
  /** ms of CPU that starting its engine takes, whatever the input. */
  readonly startMs?: number
  readonly close?: () => Promise<void>
}

export interface Violation {
  readonly target: string
  readonly seed: number
  readonly case: number
  readonly what: string
  /** The input, base64. */
  readonly input: string
}

export const limits = {
  /** ms of CPU that a case may take. */
  ms: 50,
  /** Bytes that a case may take beside twice its input: objects of a fixed size, and what the engine keeps. */
  allowance: 4 << 20,
} as const

export interface Outcome {
  readonly violations: readonly Violation[]
  /** ms that the longest case took. */
  readonly longestMs: number
}

/** Runs a number of cases of one target; `note` hears the number of each before it runs. */
export async function runCases(
  target: Target,
  seed: number,
  cases: { readonly from: number; readonly to: number },
  note: (index: number) => void = () => undefined,
): Promise<Outcome> {
  const violations: Violation[] = []
  let longestMs = 0
  const salt = Buffer.from(target.name).reduce((sum, byte) => Math.imul(sum, 31) + byte, 7)
  for (let index = cases.from; index < cases.to; index++) {
    note(index)
    const input = target.draw(new Random(seed, salt >>> 0, index))
    const { what, ms } = await examined(target, input)
    longestMs = Math.max(longestMs, ms)
    if (what !== null)
      violations.push({ target: target.name, seed, case: index, what, input: input.toString('base64') })
  }
  return { violations, longestMs }
}

interface Verdict {
  /** What is wrong with how an input is read; null when nothing is. */
  readonly what: string | null
  readonly ms: number
}

export async function examined(target: Target, input: Buffer): Promise<Verdict> {
  const first = await attempt(target, input)
  if (first.wrong !== null) return { what: first.wrong, ms: first.ms }
  // Another process may have had the core, or the engine collected garbage: what is slow is slow again.
  const msMax = limits.ms + (target.startMs ?? 0)
  let { ms } = first
  if (ms > msMax) {
    const again = [await attempt(target, input), await attempt(target, input)]
    ms = Math.min(...again.map(({ cpuMs }) => cpuMs))
    if (ms > msMax) return { what: `took ${ms.toFixed(0)} ms`, ms }
  }
  const bytesMax = 2 * input.length + limits.allowance
  if (first.bytes > bytesMax) {
    collectGarbage()
    const { bytes } = await attempt(target, input)
    if (bytes > bytesMax) return { what: `took ${bytes} bytes for ${input.length}`, ms }
  }
  return { what: null, ms }
}

/** The engine lends its collector to contexts that are made after it was told to. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
}

interface Attempt {
  readonly wrong: string | null
  readonly ms: number
  readonly cpuMs: number
  readonly bytes: number
}

async function attempt(target: Target, input: Buffer): Promise<Attempt> {
  const bytesBefore = taken()
  const cpuBefore = process.cpuUsage()
  const start = performance.now()
  let wrong: string | null = null
  try {
    const result = target.read(input)
    if (result instanceof Promise) await settled(result)
  } catch (error) {
    if (!(error instanceof ClosebellError)) wrong = `untyped: ${String((error as Error).stack ?? error).slice(0, 400)}`
    else if (error.code === 'CB_INTERNAL') wrong = error.message
  }
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(cpuBefore)
  return { wrong, ms, cpuMs: (user + system) / 1000, bytes: taken() - bytesBefore }
}

/** @throws what a promise rejects with, and before that what one was rejected with that nobody had kept */
async function settled(result: Promise<unknown>): Promise<void> {
  const left: unknown[] = []
  const note = (error: unknown): void => void left.push(error)
  process.on('unhandledRejection', note)
  const thrown = await result.then(
    () => [],
    (error: unknown) => [error],
  )
  // The engine tells of rejections at the end of a turn.
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  for (const error of [...left, ...thrown]) throw error
}

function taken(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics()
  return heap + external
}
