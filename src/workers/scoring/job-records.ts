import type { Input, Job, Panel } from '../../../schemas/day.ts'
import type { LogView } from './log-view.ts'
import type { JobRecords } from './score-job.ts'

/** The records that a job names, from what was read of the log; null while one of them is not in it. */
export function recordsOfJob(view: LogView, job: Job): JobRecords | null {
  const hashes = [...job.panelHashes, ...job.inputHashes, ...job.styleHashes]
  if (hashes.some((hash) => view.find(hash) === undefined)) return null
  const panels = job.panelHashes.map((hash) => view.find(hash) as Panel)
  const pv = panels.filter((panel) => panel.set === 'PV')
  return {
    pv,
    panels: job.set === 'PV' ? pv : panels.filter((panel) => panel.set === job.set),
    inputs: job.inputHashes.map((hash) => view.find(hash) as Input),
    styles: job.styleHashes.map((hash) => view.find(hash) as Input),
  }
}
