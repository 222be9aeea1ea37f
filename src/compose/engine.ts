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

/**
 * The engine of a name. `auto` takes the fastest that is present; one that is named and absent is not replaced.
 * @throws ClosebellError CB_ENGINE_ABSENT, CB_USAGE for a name that is none
 */
export async function openEngine(name: string): Promise<Engine> {
  if (name === 'reference') return reference()
  if (name === 'wasm') return wasm()
  if (name === 'tensorflow') return tensorflow()
  if (name !== 'auto') {
    throw new ClosebellError('CB_USAGE', `--engine: ${name} is none of ${engineNames.join(', ')}`)
  }
  try {
    return await tensorflow()
  } catch (error) {
    if (error instanceof ClosebellError && error.code === 'CB_ENGINE_ABSENT') return wasm()
    throw error
  }
}
