/** What a market is: nothing outside a profile knows one. Times of day are µs since local midnight. */
export interface MarketProfile {
  readonly name: string
  readonly currency: string
  /** Local time minus UTC, in minutes. Profiles with daylight saving are not built yet. */
  readonly utcOffsetMinutes: number
  readonly calendar: string
  /** Continuous segments [start, end), in order; minutes are numbered through them. */
  readonly segments: readonly { readonly start: number; readonly end: number }[]
  /** Continuous minutes of a day. */
  readonly minutes: number
  /** E: the first and last edge of the day, in minutes. */
  readonly edgeMinutes: number
  /** From here to the end of the day is "the last E minutes by the clock". */
  readonly lastEdgeStart: number
  readonly openingAuction: { readonly start: number; readonly cancelUntil: number; readonly end: number } | null
  readonly closingAuction: { readonly start: number; readonly end: number } | null
  /** Trades from here on are after-hours and in no feature. */
  readonly afterHoursStart: number
  /** After this time nothing of the session is expected any more. */
  readonly sessionEnd: number
  /** When a live close gives up what has not ended, unless it is told another time. */
  readonly closeDeadline: number
  /** Bucket edges in currency units, lower bound inclusive: s, m, l, xl. */
  readonly bucketEdges: readonly [number, number, number]
  readonly priceTick: number
  readonly lotSize: number
  readonly tradingDaysPerYear: number
  readonly industryScheme: string
  /** How far a price may move from the previous close on a date, as a share; new listings without a limit apart. */
  readonly dailyLimit: (instrument: string, date: string) => number
}

const second = 1_000_000
/** µs since midnight of h:m:s. */
export const clock = (hour: number, minute = 0, seconds = 0): number => ((hour * 60 + minute) * 60 + seconds) * second

/** Epoch µs UTC of local midnight of a date. */
export const dayStart = (profile: MarketProfile, date: string): number =>
  Date.parse(`${date}T00:00:00Z`) * 1000 - profile.utcOffsetMinutes * 60 * second

/** Date of the market's local calendar at a time, ms UTC. */
export const localDate = (profile: Pick<MarketProfile, 'utcOffsetMinutes'>, now: number): string =>
  new Date(now + profile.utcOffsetMinutes * 60_000).toISOString().slice(0, 10)
