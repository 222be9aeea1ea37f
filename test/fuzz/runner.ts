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

/** Runs a number of cases of one target; `note` hears the number of each before it runs. */
export async function runCases(
  target: Target,
  seed: number,
  cases: { readonly from: number; readonly to: number },
  note: (index: number) => void = () => undefined,
): Promise<Violation[]> {
  const violations: Violation[] = []
  const salt = Buffer.from(target.name).reduce((sum, byte) => Math.imul(sum, 31) + byte, 7)
  for (let index = cases.from; index < cases.to; index++) {
    note(index)
    const input = target.draw(new Random(seed, salt >>> 0, index))
    const what = (await wrongWith(target, input)) ?? ''
    if (what === '') continue
    violations.push({ target: target.name, seed, case: index, what, input: input.toString('base64') })
  }
  return violations
}

/** What is wrong with how an input is read; null when nothing is. */
export async function wrongWith(target: Target, input: Buffer): Promise<string | null> {
  const first = await attempt(target, input)
  if (first.wrong !== null) return first.wrong
  // Another process may have had the core, or the engine collected garbage: what is slow is slow again.
  const msMax = limits.ms + (target.startMs ?? 0)
  if (first.ms > msMax) {
    const again = [await attempt(target, input), await attempt(target, input)]
    const ms = Math.min(...again.map(({ cpuMs }) => cpuMs))
    if (ms > msMax) return `took ${ms.toFixed(0)} ms`
  }
  if (first.bytes > 2 * input.length + limits.allowance) {
    collectGarbage()
    const { bytes } = await attempt(target, input)
    if (bytes > 2 * input.length + limits.allowance) return `took ${bytes} bytes for ${input.length}`
  }
  return null
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
    if (result instanceof Promise) await result
  } catch (error) {
    if (!(error instanceof ClosebellError)) wrong = `untyped: ${String((error as Error).stack ?? error).slice(0, 400)}`
    else if (error.code === 'CB_INTERNAL') wrong = error.message
  }
  const ms = performance.now() - start
  const { user, system } = process.cpuUsage(cpuBefore)
  return { wrong, ms, cpuMs: (user + system) / 1000, bytes: taken() - bytesBefore }
}

function taken(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics()
  return heap + external
}
