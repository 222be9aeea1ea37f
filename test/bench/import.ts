import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { cn } from '../../schemas/profiles/index.ts'
import { importDaily } from '../../src/import/daily/import-daily.ts'
import { loadMapping } from '../../src/import/mapping.ts'
import { openDuckdb } from '../../src/store/duckdb/index.ts'
import { costOf, machine, say } from './measure.ts'

const data = resolve('../shared/data/cn-daily')

/**
 * Real years, PV and the 24 technical indicators, into a new DuckDB file; then the same files again. Memory is the
 * process's largest, the store's own included.
 */
export async function importYears(): Promise<object> {
  if (!existsSync(data)) return { skipped: `there is no folder ${data}` }
  const files = readdirSync(data)
    .filter((name) => name.endsWith('.parquet'))
    .map((name) => join(data, name))
  const folder = mkdtempSync(join(tmpdir(), 'closebell-bench-'))
  const path = join(folder, 'years.duckdb')
  try {
    const mapping = await loadMapping('cn-daily')
    const bring = async () => {
      const store = await openDuckdb(path)
      const report = await importDaily({ store, files, mapping, profile: cn, onProgress: told() })
      await store.close()
      return report
    }
    const first = await costOf(bring)
    const peakMb = Math.round(process.resourceUsage().maxRSS / 1024)
    const again = await costOf(bring)
    return {
      machine: machine(),
      rows: first.result.tally.stored,
      names: first.result.names,
      first: { seconds: first.seconds, cpuSeconds: first.cpuSeconds, peakMb },
      again: { seconds: again.seconds, cpuSeconds: again.cpuSeconds, unchanged: again.result.unchanged },
      fileMb: Math.round(statSync(path).size / 2 ** 20),
      limits: { seconds: 120, peakMb: 2048 },
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A line for each tenth of the rows. */
function told(): (done: number, total: number) => void {
  let tenth = 0
  return (done, total) => {
    const reached = Math.floor((10 * done) / total)
    if (reached > tenth) say(`${10 * (tenth = reached)} %`)
  }
}
