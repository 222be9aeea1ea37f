import { readdir, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { isTradingDay, nextTradingDay, shiftDays } from '../../../schemas/calendars/index.ts'
import { profileOf } from '../../../schemas/profiles/index.ts'
import { sets } from '../../../schemas/topics.ts'
import type { Engine } from '../../../models/engine.ts'
import { fingerprints } from '../../workers/fingerprints.ts'
import type { ModelsFolder } from '../../workers/models-folder.ts'
import { fail, ok, thrown, warn, type Finding } from './finding.ts'

/** Whether the engine that is set can be loaded. */
export async function checkEngine(name: string, open: (name: string) => Promise<Engine>): Promise<Finding> {
  try {
    const engine = await open(name)
    return ok('engine', `${engine.name} on ${engine.device}, ${engine.kernelBuild}`)
  } catch (error) {
    return thrown('engine', error)
  }
}

/** Every artifact is read whole; a promoted one has to fit the features that this version makes. */
export async function checkArtifacts(models: ModelsFolder): Promise<Finding> {
  const damaged: string[] = []
  const promoted: string[] = []
  let count = 0
  for (const set of sets) {
    const inForce = (await models.promotions(set)).at(-1)
    if (inForce !== undefined) promoted.push(set)
    for (const hash of new Set([...(await models.list(set)), ...(inForce === undefined ? [] : [inForce])])) {
      count++
      try {
        const { manifest } = await models.load(set, hash)
        if (hash !== inForce || manifest.catalogue === fingerprints[set]) continue
        return fail(
          'artifacts',
          `CB_ARTIFACT: ${set} in force knows other features`,
          `Train ${set} again, or roll back.`,
        )
      } catch (error) {
        const finding = thrown('artifacts', error)
        if (hash === inForce) return { ...finding, fact: `${set} in force: ${finding.fact}` }
        damaged.push(`${set} ${hash.slice(0, 12)}`)
      }
    }
  }
  if (damaged.length > 0) return warn('artifacts', `damaged, not in force: ${damaged.join(', ')}`, 'Delete them.')
  if (promoted.length === 0) {
    const remedy = 'Run closebell train, then closebell models promote; until then days close without factors.'
    return warn('artifacts', `${count}, none in force`, remedy)
  }
  return ok('artifacts', `${count} whole, in force for ${promoted.join(' ')}`)
}

/** A calendar does not guess: days behind its end cannot run. */
export function checkCalendar(profile: string, today: string): Finding {
  try {
    const kind = isTradingDay(profile, today)
      ? 'a trading day'
      : `no trading day, the next is ${nextTradingDay(profile, today)}`
    const { calendar } = profileOf(profile)
    try {
      nextTradingDay(profile, shiftDays(today, 60))
    } catch (error) {
      return { ...thrown('calendar', error, 'warn'), remedy: 'Within 60 days: install a newer release.' }
    }
    return ok('calendar', `${calendar}: ${today} is ${kind}`)
  } catch (error) {
    return thrown('calendar', error)
  }
}

/** Space of the file system that a folder is on, and what one day of the log took. */
export interface Space {
  readonly place: string
  readonly size: number
  readonly free: number
  /** Bytes of the newest whole day, 0 = unknown. */
  readonly daily: number
}

const gigabyte = 1e9
const fullWarn = 0.85
const fullFail = 0.97
const daysWarn = 5

export function judgeDisk(spaces: readonly Space[]): Finding {
  const worst = spaces.reduce((a, b) => (b.free / b.size < a.free / a.size ? b : a))
  const full = 1 - worst.free / worst.size
  const daily = spaces.reduce((most, space) => Math.max(most, space.daily), 0)
  const days = daily > 0 ? Math.floor(worst.free / daily) : null
  const fact = `${Math.round(100 * full)} % full${days === null ? '' : `, ${days} days left`} in ${worst.place}`
  const wanted = Math.max(worst.size - fullWarn * worst.size, daysWarn * daily) - worst.free
  const remedy = `Free ${Math.max(1, Math.ceil(wanted / gigabyte))} GB.`
  if (full >= fullFail || (days !== null && days < 1)) return fail('disk', fact, remedy)
  return full >= fullWarn || (days !== null && days < daysWarn) ? warn('disk', fact, remedy) : ok('disk', fact)
}

/** Space behind a path; of the nearest folder that exists where it does not yet. */
export async function spaceOf(path: string, daily: number): Promise<Space> {
  for (let at = resolve(path); ; at = dirname(at)) {
    try {
      const { bsize, blocks, bavail } = await statfs(at)
      return { place: path, size: bsize * blocks, free: bsize * bavail, daily }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || at === dirname(at)) throw error
    }
  }
}

/** Bytes that the newest but one date (the newest may not be over) takes on a tape; 0 when there is none. */
export async function tapeDayBytes(folder: string): Promise<number> {
  const sizes = new Map<string, number>()
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    const date = /^(\d{4}-\d{2}-\d{2})\.avro$/.exec(entry.name)?.[1]
    if (date === undefined || !entry.isFile()) continue
    const { size } = await stat(join(entry.parentPath, entry.name))
    sizes.set(date, (sizes.get(date) ?? 0) + size)
  }
  const dates = [...sizes.keys()].sort()
  return sizes.get(dates.at(-2) ?? dates.at(-1) ?? '') ?? 0
}
