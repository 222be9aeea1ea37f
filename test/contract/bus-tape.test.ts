import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTape } from '../../src/bus/tape/index.ts'
import { realClock } from '../real-clock.ts'
import { busContract } from './bus.ts'

busContract('tape', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'closebell-tape-'))
  return {
    open: () => openTape(folder, { clock: realClock }),
    stop: async () => rmSync(folder, { recursive: true }),
  }
})
