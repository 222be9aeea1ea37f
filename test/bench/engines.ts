import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { machine, median, say } from './measure.ts'

export interface EngineShape {
  readonly names: number
  readonly lookback: number
  readonly features: number
  readonly hidden: number
  readonly heads: number
  readonly slope: number
  /** Slots of each of the three graphs. */
  readonly neighbours: number
}

export interface PeerAnswer {
  readonly build: string
  readonly seconds: readonly number[]
  readonly maxRssMb: number
}

interface Peer {
  readonly name: string
  readonly ask: (runs: number) => Promise<PeerAnswer>
  readonly end: () => void
}

const network = { features: 48, hidden: 64, heads: 4, slope: 0.2, neighbours: 20 }
/** A training step with Adam, and the scores of a whole market. */
const works = {
  train: { ...network, names: 1000, lookback: 20 },
  score: { ...network, names: 5500, lookback: 40 },
} as const
type Work = keyof typeof works

const rounds = 5
const runs = 4
/** PyTorch's threads spin for a while after their work. */
const pauseMs = 200

const folder = import.meta.dirname
const torchPython = process.env['CLOSEBELL_TORCH_PYTHON']

function peerOf(name: string, work: Work): Peer {
  const shape = JSON.stringify(works[work])
  const script = join(folder.replace(`${join('dist', 'test')}`, 'test'), 'engine_peer.py')
  const [command, flags] =
    name === 'pytorch'
      ? [torchPython as string, [script, work, shape]]
      : [process.execPath, [join(folder, 'engine-peer.js'), name, work, shape]]
  const child = spawn(command, flags, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    name,
    ask: async (count) => {
      child.stdin.write(`${count}\n`)
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`${name} ended while it was asked to ${work}`)
      return JSON.parse(value as string) as PeerAnswer
    },
    end: () => child.stdin.end(),
  }
}

async function workFigures(names: readonly string[], work: Work) {
  const peers = names.map((name) => peerOf(name, work))
  const answers: PeerAnswer[][] = peers.map(() => [])
  // The first round warms up and is not told.
  for (let round = 0; round <= rounds; round++) {
    for (const [p, peer] of peers.entries()) {
      const answer = await peer.ask(runs)
      if (round > 0) answers[p].push(answer)
      say(`${work} ${round}: ${peer.name} ${(1000 * Math.min(...answer.seconds)).toFixed(1)} ms`)
      await sleep(pauseMs)
    }
  }
  for (const peer of peers) peer.end()
  const all = answers.map((of) => of.flatMap(({ seconds }) => seconds))
  const torch = names.indexOf('pytorch')
  return peers.map(({ name }, p) => ({
    name,
    build: answers[p][0].build,
    minMs: 1000 * Math.min(...all[p]),
    medianMs: 1000 * median(all[p]),
    ...(torch < 0 ? {} : { medianToPytorch: median(all[p]) / median(all[torch]) }),
    maxRssMb: Math.max(...answers[p].map(({ maxRssMb }) => maxRssMb)),
  }))
}

/**
 * A training step and the scores of a whole market on each engine that is present, interleaved with PyTorch at its
 * default settings where CLOSEBELL_TORCH_PYTHON names a Python that has it.
 */
export async function engines(): Promise<object> {
  const hasTorch = torchPython !== undefined && existsSync(torchPython)
  if (!hasTorch) say('PyTorch is absent: CLOSEBELL_TORCH_PYTHON names no Python that has it')
  const names = ['wasm', 'tensorflow', ...(hasTorch ? ['pytorch'] : [])]
  return {
    bench: 'engines',
    machine: machine(),
    shapes: works,
    rounds,
    runs,
    train: await workFigures(names, 'train'),
    score: await workFigures(names, 'score'),
  }
}
