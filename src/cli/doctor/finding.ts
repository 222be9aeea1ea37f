import { ClosebellError } from '../../../schemas/errors.ts'

export type Verdict = 'ok' | 'warn' | 'fail'

/** One thing that was looked at. */
export interface Finding {
  readonly status: Verdict
  readonly name: string
  readonly fact: string
  /** What to do about it; empty when all is well. */
  readonly remedy: string
}

export const ok = (name: string, fact: string): Finding => ({ status: 'ok', name, fact, remedy: '' })

export const warn = (name: string, fact: string, remedy: string): Finding => ({ status: 'warn', name, fact, remedy })

export const fail = (name: string, fact: string, remedy: string): Finding => ({ status: 'fail', name, fact, remedy })

/** Whatever a look ended with, as a finding under its code. */
export function thrown(name: string, error: unknown, status: 'warn' | 'fail' = 'fail'): Finding {
  if (error instanceof ClosebellError) {
    return { status, name, fact: `${error.code}: ${oneLineOf(error.fact)}`, remedy: error.remedy }
  }
  return { status, name, fact: `CB_INTERNAL: ${oneLineOf((error as Error).message)}`, remedy: 'See the log.' }
}

const oneLineOf = (text: string): string => text.replace(/\s+/g, ' ').trim()

const order: readonly Verdict[] = ['ok', 'warn', 'fail']

/** Worst last, as they were found among equals. */
export const sorted = (findings: readonly Finding[]): readonly Finding[] =>
  [...findings].sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status))

/** `1 fail, 1 warn: the day cannot run.` */
export function summaryOf(findings: readonly Finding[]): string {
  const count = (status: Verdict): number => findings.filter((finding) => finding.status === status).length
  const parts = (['fail', 'warn'] as const).flatMap((status) =>
    count(status) > 0 ? [`${count(status)} ${status}`] : [],
  )
  const what = parts.length === 0 ? `${findings.length} ok` : parts.join(', ')
  return `${what}: the day ${canRun(findings) ? 'can' : 'cannot'} run.`
}

export const canRun = (findings: readonly Finding[]): boolean => findings.every(({ status }) => status !== 'fail')

/** One line each, with its remedy behind the fact. */
export const lineOf = ({ status, name, fact, remedy }: Finding, width: number): string =>
  `${status.padEnd(5)} ${name.padEnd(width)}  ${fact}${remedy === '' ? '' : `. ${remedy}`}`
