/**
 * The K best neighbours of each node, by score. Candidates of one node are offered in symbol order: of equal scores
 * the earlier one stays ahead.
 */
export class NearestNeighbours {
  /** [n][k], best first; -1 = none. */
  readonly neighbours: Int32Array
  readonly #k: number
  readonly #scores: Float64Array

  constructor(n: number, k: number) {
    this.#k = k
    this.neighbours = new Int32Array(n * k).fill(-1)
    this.#scores = new Float64Array(n * k).fill(-Infinity)
  }

  offer(node: number, candidate: number, score: number): void {
    const first = node * this.#k
    let slot = first + this.#k - 1
    if (!(score > this.#scores[slot])) return
    while (slot > first && score > this.#scores[slot - 1]) {
      this.#scores[slot] = this.#scores[slot - 1]
      this.neighbours[slot] = this.neighbours[slot - 1]
      slot--
    }
    this.#scores[slot] = score
    this.neighbours[slot] = candidate
  }
}
