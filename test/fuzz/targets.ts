import { httpTargets } from './http-targets.ts'
import { marketTargets } from './market-targets.ts'
import { parquetTargets } from './parquet-targets.ts'
import type { Target } from './runner.ts'
import { textTargets } from './text-targets.ts'

/** Everything that reads bytes from outside; their shares make 1000. */
export const openTargets = async (): Promise<Target[]> => [
  ...(await marketTargets()),
  ...textTargets(),
  ...(await parquetTargets()),
  ...(await httpTargets()),
]
