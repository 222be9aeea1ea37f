/** Limits of a running system: one table for the page, the terminal view, the doctor and the alert rules. */

/** `unknown`: there is no figure (NaN), which is not the same as a good one. */
export type Health = 'green' | 'amber' | 'red' | 'unknown'

export interface Limit {
  /** What is measured, as a person says it. */
  readonly en: string
  readonly zh: string
  readonly unit: 's' | 'share'
  /** Up to here (or, where more is better, from here) all is well. */
  readonly green: number
  /** Up to here (or from here) it needs a look; past it somebody has to act. */
  readonly amber: number
  readonly better: 'less' | 'more'
}

/** Shares are of 1: 0.01 is 1 %. */
export const limits = {
  /** Newest event of a partition behind the clock. */
  lag: { en: 'lag', zh: '延迟', unit: 's', green: 5, amber: 30, better: 'less' },
  /** Age of the last sealed minute while trading is on. */
  sealedAge: { en: 'sealed', zh: '封存', unit: 's', green: 90, amber: 180, better: 'less' },
  /** Newest row of the log that the store lacks. */
  store: { en: 'store', zh: '入库', unit: 's', green: 5, amber: 60, better: 'less' },
  /** Names with a gap, of the names with rows. */
  gaps: { en: 'gaps', zh: '缺口', unit: 'share', green: 0, amber: 0.01, better: 'less' },
  /** Late events, of all. */
  late: { en: 'late', zh: '迟到', unit: 'share', green: 0, amber: 1e-5, better: 'less' },
  /** Refused events, of all. */
  quarantined: { en: 'quarantine', zh: '隔离', unit: 'share', green: 0, amber: 1e-5, better: 'less' },
  /** Names with a value, of the universe. */
  coverage: { en: 'coverage', zh: '覆盖', unit: 'share', green: 0.99, amber: 0.95, better: 'more' },
  /** This machine's clock against the broker's or the store's, either way. */
  clock: { en: 'clock', zh: '时钟', unit: 's', green: 0.1, amber: 1, better: 'less' },
} as const satisfies Readonly<Record<string, Limit>>

export type Measure = keyof typeof limits

/** Where a figure stands; both limits belong to the better side. */
export function healthOf(measure: Measure, value: number): Health {
  if (Number.isNaN(value)) return 'unknown'
  const { green, amber, better }: Limit = limits[measure]
  const within = (limit: number): boolean => (better === 'less' ? value <= limit : value >= limit)
  return within(green) ? 'green' : within(amber) ? 'amber' : 'red'
}

const order: readonly Health[] = ['green', 'unknown', 'amber', 'red']

/** The worst of several; of none, `unknown`. */
export const worstHealth = (healths: readonly Health[]): Health =>
  healths.length === 0 ? 'unknown' : healths.reduce((a, b) => (order.indexOf(b) > order.indexOf(a) ? b : a))
