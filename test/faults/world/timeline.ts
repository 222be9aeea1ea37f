/** Simulated time: what is due is done in its order, and no time passes in between. */
export class Timeline {
  /** ms UTC. */
  now: number
  steps = 0
  readonly #due: { readonly at: number; readonly act: () => void }[] = []

  constructor(now: number) {
    this.now = now
  }

  /** Does `act` when `ms` have passed; of two that are due together the one that was asked for first. */
  after(ms: number, act: () => void): void {
    const at = this.now + ms
    let place = this.#due.length
    while (place > 0 && this.#due[place - 1].at <= at) place--
    this.#due.splice(place, 0, { at, act })
  }

  /** Does what is due until nothing is any more; false when that takes more than `stepsMax`. */
  async run(stepsMax: number): Promise<boolean> {
    for (let next = this.#due.pop(); next !== undefined; next = this.#due.pop()) {
      if (++this.steps > stepsMax) return false
      this.now = next.at
      next.act()
      // Everything that waited for it goes on, up to where it waits again.
      await new Promise(setImmediate)
    }
    return true
  }
}
