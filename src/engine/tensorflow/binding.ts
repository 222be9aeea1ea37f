import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import util from 'node:util'
import { ClosebellError } from '../../../schemas/errors.ts'

/** The part of the addon of @tensorflow/tfjs-node-gpu that the engine calls: eager operations on integer handles. */
export interface TensorflowBinding {
  readonly TF_FLOAT: number
  readonly TF_INT32: number
  readonly TF_ATTR_INT: number
  readonly TF_ATTR_FLOAT: number
  readonly TF_ATTR_BOOL: number
  readonly TF_ATTR_TYPE: number
  readonly TF_Version: string
  createTensor(shape: readonly number[], type: number, values: Float32Array | Int32Array): number
  deleteTensor(id: number): void
  tensorDataSync(id: number): Float32Array | Int32Array
  executeOp(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): { id: number; shape: number[] }[]
  getNumOfTensors(): number
  isUsingGpuDevice(): boolean
}

export interface OpAttribute {
  readonly name: string
  readonly type: number
  readonly value: boolean | number
}

export interface LoadedTensorflow {
  readonly binding: TensorflowBinding
  readonly device: 'cpu' | 'gpu'
  readonly kernelBuild: string
}

/** Goes up with each change of how layers are composed of operations, which may change their last bits. */
const layersVersion = 4

const packageName = '@tensorflow/tfjs-node-gpu'

/** Folder of the project, where set-up keeps `.tensorflow`. */
export const projectRoot = (): string => {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder)
  return folder
}

export const tensorflowFolder = (root: string): string => join(root, '.tensorflow')
export const packageFolder = (root: string): string => join(tensorflowFolder(root), 'node_modules', packageName)
export const addonPath = (root: string): string => join(packageFolder(root), 'lib', 'napi-v8', 'tfjs_binding.node')

/** The package calls two functions that Node 24 took out of `util`. */
const restoreUtil = (): void => {
  const old = util as unknown as Record<string, unknown>
  old['isNullOrUndefined'] ??= (value: unknown): boolean => value === null || value === undefined
  old['isArray'] ??= Array.isArray
}

/**
 * Settings that TensorFlow reads when its library is loaded: with oneDNN products take less time, for a notice on
 * stderr at any log level; without the third, sums over edges on a GPU come in the order in which threads arrive.
 */
const settle = (environment: NodeJS.ProcessEnv): void => {
  environment['TF_ENABLE_ONEDNN_OPTS'] = '1'
  environment['TF_CPP_MIN_LOG_LEVEL'] = '2'
  environment['TF_DETERMINISTIC_OPS'] = '1'
}

/** Loads the package from `.tensorflow`; CB_ENGINE_ABSENT when it was not set up or does not load. */
export const loadTensorflow = (root: string): LoadedTensorflow => {
  const addon = addonPath(root)
  if (!existsSync(addon)) {
    throw new ClosebellError('CB_ENGINE_ABSENT', 'the TensorFlow addon is not built')
  }
  settle(process.env)
  restoreUtil()
  try {
    const require = createRequire(join(tensorflowFolder(root), 'package.json'))
    const { backend } = require(packageName) as { backend: () => { binding: TensorflowBinding } }
    const { binding } = backend()
    const hash = createHash('sha256').update(readFileSync(addon)).digest('hex').slice(0, 12)
    // The order of a product's sums follows the caches of the processor, hence its model is part of the build.
    const processor = cpus()[0]?.model.trim() ?? 'unknown processor'
    return {
      binding,
      device: binding.isUsingGpuDevice() ? 'gpu' : 'cpu',
      kernelBuild: `tensorflow ${binding.TF_Version}, layers ${layersVersion}, addon ${hash}, ${processor}`,
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw new ClosebellError('CB_ENGINE_ABSENT', `the TensorFlow library does not load: ${reason}`, { cause })
  }
}
