import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Functions of the kernels; addresses and counts are integers, of f32 or f64 elements (models/kernels). */
export type Kernels = Readonly<Record<KernelName, (...parameters: number[]) => number>>

export type KernelName =
  | 'gru_forward'
  | 'gru_backward'
  | 'gat_forward'
  | 'gat_backward'
  | 'linear'
  | 'linear_backward'
  | 'relu'
  | 'relu_backward'
  | 'scale'
  | 'add_scaled'
  | 'dot'
  | 'put_columns'
  | 'take_columns'

export type Precision = 'f32' | 'f64'

/** The compiled kernels, which lie beside their source. */
const kernelFile = (precision: Precision): string => {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder)
  return join(folder, 'models', 'kernels', `${precision}.wasm`)
}

export const loadKernels = (precision: Precision): { module: WebAssembly.Module; kernelBuild: string } => {
  const bytes = readFileSync(kernelFile(precision))
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 12)
  return { module: new WebAssembly.Module(bytes), kernelBuild: `wasm ${precision} ${hash}` }
}
