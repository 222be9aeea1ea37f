/**
 * Hands items from one who pushes to one who pulls, one at a time: an item counts as done when the next one is asked
 * for.
 */
export class Handover<T> {
  private offered: { readonly item: T; readonly done: (isDone: boolean) => void } | null = null
  private asked: { readonly give: (item: T | null) => void; readonly fail: (error: unknown) => void } | null = null
  private given: ((isDone: boolean) => void) | null = null
  private isClosed = false
  private failure: { readonly error: unknown } | null = null

  /** Resolves with true when the taker came back for more, with false when it has left. */
  offer(item: T): Promise<boolean> {
    if (this.isClosed) return Promise.resolve(false)
    return new Promise((done) => {
      this.offered = { item, done }
      this.settle()
    })
  }

  /** The next item; null when there will be none. The item before it is done. */
  next(): Promise<T | null> {
    this.given?.(true)
    this.given = null
    return new Promise((give, fail) => {
      this.asked = { give, fail }
      this.settle()
    })
  }

  /** Nothing is handed over any more; an item that was given and not done stays undone. */
  close(): void {
    this.isClosed = true
    this.given?.(false)
    this.offered?.done(false)
    this.given = null
    this.offered = null
    this.settle()
  }

  /** Whoever asks next gets the error. */
  fail(error: unknown): void {
    this.failure = { error }
    this.settle()
  }

  private settle(): void {
    const { asked, offered, failure } = this
    if (asked === null) return
    if (offered !== null) {
      this.given = offered.done
      this.offered = null
      asked.give(offered.item)
    } else if (failure !== null) asked.fail(failure.error)
    else if (this.isClosed) asked.give(null)
    else return
    this.asked = null
  }
}
