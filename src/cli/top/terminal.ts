import type { Colors } from '../colors.ts'
import { render, type Screen } from './render.ts'
import type { TopView } from './view.ts'

export interface Terminal {
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
  readonly colors: Colors
}

const enter = '\u001b[?1049h\u001b[?25l'
const leave = '\u001b[?25h\u001b[?1049l'

/** Shows a view every second until q, Ctrl-C or `signal`; what was on the terminal before comes back. */
export async function showTop(
  { input, output, colors }: Terminal,
  look: () => Promise<TopView>,
  sleep: (ms: number, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const over = new AbortController()
  const quit = AbortSignal.any([over.signal, signal])
  let mode: Screen['mode'] = 'overview'
  let isPaused = false
  let view = await look()
  const draw = (): void => {
    const { columns = 80, rows = 24 } = output
    const lines = render(view, { columns, rows, colors, mode, isPaused })
    output.write(`\u001b[H${lines.map((text) => `${text}\u001b[K`).join('\r\n')}\u001b[J`)
  }
  const press = (bytes: Buffer): void => {
    const key = bytes.toString()
    if (key === 'q' || key === '\u0003') over.abort()
    else if (key === 'p') isPaused = !isPaused
    else if (key === 'l') mode = mode === 'log' ? 'overview' : 'log'
    else if (key === '?') mode = mode === 'help' ? 'overview' : 'help'
    else return
    if (!over.signal.aborted) draw()
  }
  input.setRawMode(true)
  input.on('data', press)
  output.on('resize', draw)
  output.write(enter)
  try {
    while (!quit.aborted) {
      draw()
      await sleep(1000, quit)
      if (!isPaused && !quit.aborted) view = await look()
    }
  } finally {
    output.off('resize', draw)
    input.off('data', press)
    input.setRawMode(false)
    input.pause()
    output.write(leave)
  }
}
