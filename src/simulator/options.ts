import { shiftTradingDays, tradingDays } from '../../schemas/calendars/index.ts'
import { ClosebellError } from '../../schemas/errors.ts'

export const signals = ['none', 'own', 'neighbours', 'regime', 'fundamentals', 'all'] as const
export type Signal = (typeof signals)[number]

export interface SimulationOptions {
  /** An integer of 0..2^53-1: the same seed gives the same bytes. */
  readonly seed: number
  readonly instruments: number
  /** Trading days. */
  readonly days: number
  /** The first trading day on or after this date is the first day. */
  readonly firstDate: string
  readonly signal: Signal
  /** Days over which the planted return is earned. */
  readonly horizon: number
  /** Orders, trades, cancels and snapshots of one instrument and day, about. */
  readonly eventsPerDay: number
  /** Daily bars before the first day. */
  readonly earlierDays: number
  /** Seconds between two snapshots of an instrument. */
  readonly bookSeconds: number
}

/** The sizes of the demonstration. */
export const defaultOptions: SimulationOptions = {
  seed: 1,
  instruments: 96,
  days: 48,
  firstDate: '2024-01-02',
  signal: 'own',
  horizon: 1,
  eventsPerDay: 900,
  earlierDays: 800,
  bookSeconds: 60,
}

const wholeNumbers = {
  seed: [0, Number.MAX_SAFE_INTEGER],
  instruments: [1, 6_000],
  days: [1, 2_000],
  horizon: [1, 60],
  eventsPerDay: [100, 500_000],
  earlierDays: [1, 4_000],
  bookSeconds: [1, 900],
} as const

/** Defaults filled in. @throws ClosebellError CB_USAGE naming the number that is out of range */
export function completeOptions(given: Partial<SimulationOptions>): SimulationOptions {
  const options = { ...defaultOptions, ...given }
  for (const [name, [least, most]] of Object.entries(wholeNumbers)) {
    const value = options[name as keyof typeof wholeNumbers]
    if (!Number.isSafeInteger(value) || value < least || value > most) {
      throw new ClosebellError('CB_USAGE', `${name} is ${value}, not a whole number of ${least} to ${most}`)
    }
  }
  if (!signals.includes(options.signal)) {
    throw new ClosebellError('CB_USAGE', `no signal ${options.signal}; known: ${signals.join(', ')}`)
  }
  return options
}

/** Dates of the earlier bars, then of the simulated days; ascending. */
export function simulatedDates(options: SimulationOptions): { earlier: string[]; days: string[] } {
  const shift = (count: number): string => shiftTradingDays('cn', options.firstDate, count)
  const dates = tradingDays('cn', shift(-options.earlierDays), shift(options.days))
  return { earlier: dates.slice(0, options.earlierDays), days: dates.slice(options.earlierDays).slice(0, options.days) }
}
