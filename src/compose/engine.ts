import { existsSync } from 'node:fs'
import type { Engine } from '../../models/engine.ts'
import { ClosebellError } from '../../schemas/errors.ts'
import { engineNames } from './setting-names.ts'

const reference = async (): Promise<Engine> => {
  const { createReferenceEngine } = await import('../../models/network/reference/engine.ts')
  return createReferenceEngine(`V8 ${process.versions.v8}`)
}

const tensorflow = async (): Promise<Engine> => {
  const { createTensorflowEngine } = await import('../engine/tensorflow/engine.ts')
  return createTensorflowEngine()
}

const wasm = async (): Promise<Engine> => {
  const { createWasmEngine } = await import('../engine/wasm/engine.ts')
  return createWasmEngine()
}

/** Whether a driver of NVIDIA is loaded: to find out, TensorFlow's library would take a second and 350 MB. */
const hasGpu = (): boolean => existsSync('/dev/nvidiactl')

/** TensorFlow where it is set up and computes on a GPU; on processors wasm takes half of its time. */
const fastest = async (): Promise<Engine> => {
  if (!hasGpu()) return wasm()
  try {
    const engine = await tensorflow()
    return engine.device === 'gpu' ? engine : wasm()
  } catch (error) {
    if (error instanceof ClosebellError && error.code === 'CB_ENGINE_ABSENT') return wasm()
    throw error
  }
}

/**
 * The engine of a name. `auto` takes the fastest that is present; one that is named and absent is not replaced.
 * @throws ClosebellError CB_ENGINE_ABSENT, CB_USAGE for a name that is none
 */
export async function openEngine(name: string): Promise<Engine> {
  if (name === 'auto') return fastest()
  if (name === 'wasm') return wasm()
  if (name === 'tensorflow') return tensorflow()
  if (name === 'reference') return reference()
  throw new ClosebellError('CB_USAGE', `--engine: ${name} is none of ${engineNames.join(', ')}`)
}
