import type { Panel } from '../../../schemas/day.ts'
import type { SetName } from '../../../schemas/topics.ts'
import type { Engine, FloatArray } from '../../../models/engine.ts'
import { createScaler } from '../../../models/inputs/scaling.ts'
import { placesOf } from '../../../models/inputs/panel.ts'
import type { FeaturePanel } from '../../../models/sample.ts'
import type { Artifact } from '../../../models/training/artifact.ts'
import { memberState } from '../../../models/training/score.ts'
import { framePanels, joinPanels } from '../history/panels.ts'
import { modelColumns } from './sample-builder.ts'
import { ScaledPanels } from './scaled-panels.ts'

/** States of an artifact's members behind some days. */
interface States {
  readonly artifact: Artifact
  /** Of the records of those days. */
  readonly hashes: readonly string[]
  /** Symbols, sorted. */
  readonly names: readonly string[]
  /** [members][names, H] */
  readonly members: readonly FloatArray[]
}

/**
 * What is made of a window before its last day comes, for the sets that are scaled day by day: their scaled days, and
 * the states of the networks behind them, one window of each set, the newest. Bits are those of a whole window, so
 * that no result depends on what was ready.
 */
export class EarlierDays {
  readonly scaled = new ScaledPanels()
  readonly #states = new Map<string, States>()
  #prices: { readonly hashes: readonly string[]; readonly panel: FeaturePanel } | null = null

  /** The names of a window that was run, null where it was not. */
  names(artifact: Artifact, panels: readonly Panel[]): readonly string[] | null {
    return this.#find(artifact, panels)?.names ?? null
  }

  /** Runs all days of a window but its last, unless they were; gives way behind each day and each member. */
  *run(engine: Engine, artifact: Artifact, panels: readonly Panel[]): Generator<void> {
    const { set, members, spec } = artifact.manifest
    const columns = modelColumns(set as SetName)
    const isWhole = panels.length > 0 && panels.length === spec.lookback - 1
    // What does not fit its set is refused by the job that names it.
    if (!isWhole || spec.features !== columns.length || this.#find(artifact, panels) !== undefined) return
    for (const panel of panels) {
      if (this.scaled.has(panel)) continue
      this.scaled.of(panel, columns)
      yield
    }
    const frame = framePanels(panels, columns)
    const names = frame.instruments
    const scaler = createScaler(frame, columns, undefined, (day) => this.scaled.over(panels[day], columns, names))
    const window = scaler.window(panels.length - 1, panels.length, placesOf(names, names))
    const states: FloatArray[] = []
    for (let member = 0; member < members.length; member++) {
      states.push(memberState(engine, artifact, member, window, names.length))
      yield
    }
    this.#states.set(set, { artifact, hashes: panels.map(({ hash }) => hash), names, members: states })
  }

  /** [members][names, H], zero for names that none of the days had; null where the window was not run. */
  states(artifact: Artifact, panels: readonly Panel[], names: readonly string[]): FloatArray[] | null {
    const found = this.#find(artifact, panels)
    if (found === undefined) return null
    const size = artifact.manifest.spec.hidden
    const places = placesOf(names, found.names)
    return found.members.map((state) => {
      const own = new Float64Array(names.length * size)
      places.forEach((place, i) => {
        if (place >= 0) own.set(state.subarray(place * size, (place + 1) * size), i * size)
      })
      return own
    })
  }

  /** PV of a window, which the jobs of a date read alike. */
  prices(panels: readonly Panel[]): FeaturePanel {
    if (this.#prices === null || !areThese(panels, this.#prices.hashes)) {
      this.#prices = { hashes: panels.map(({ hash }) => hash), panel: joinPanels(panels, modelColumns('PV')) }
    }
    return this.#prices.panel
  }

  #find(artifact: Artifact, panels: readonly Panel[]): States | undefined {
    const found = this.#states.get(artifact.manifest.set)
    return found?.artifact === artifact && areThese(panels, found.hashes) ? found : undefined
  }
}

const areThese = (panels: readonly Panel[], hashes: readonly string[]): boolean =>
  panels.length === hashes.length && panels.every(({ hash }, i) => hash === hashes[i])
