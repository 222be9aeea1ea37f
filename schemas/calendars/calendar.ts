/** A versioned list of the weekdays on which a market was closed. Years that it lacks are not guessed. */
export interface CalendarData {
  readonly name: string
  readonly version: string
  /** By year, the closed weekdays as MMDD, separated by spaces. */
  readonly closed: Readonly<Record<number, string>>
}
