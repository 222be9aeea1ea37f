import { projectRoot } from './binding.ts'
import { createTensorflowEngine } from './engine.ts'
import { setUpTensorflow } from './setup.ts'

/** `npm run setup:tensorflow`: sets TensorFlow up and multiplies two matrices with it. */

const say = (line: string): void => void process.stderr.write(`tensorflow: ${line}\n`)

const check = async (root: string): Promise<string> => {
  const engine = await createTensorflowEngine(root)
  const product = engine.scope(() => {
    const a = engine.upload(Float32Array.of(1, 2, 3, 4), [2, 2])
    return [...engine.download(engine.linear(a, a, engine.upload(new Float32Array(2), [2])))]
  })
  if (product.join() !== '5,11,11,25') throw new Error(`a matrix product came out as ${product.join()}`)
  return `ready on the ${engine.device}: ${engine.kernelBuild}`
}

try {
  const root = projectRoot()
  await setUpTensorflow({ root, libraryFolder: process.env['LIBTENSORFLOW_DIR'] || undefined, say })
  say(await check(root))
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
