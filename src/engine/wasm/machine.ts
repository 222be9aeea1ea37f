import { Worker } from 'node:worker_threads'
import type { FloatArray, Tensor } from '../../../models/engine.ts'
import { ClosebellError } from '../../../schemas/errors.ts'
import type { Kernels, Precision } from './module.ts'

/** A tensor in the memory of a machine, row-major. */
export class Block implements Tensor {
  readonly machine: Machine
  readonly shape: readonly number[]
  readonly address: number

  constructor(machine: Machine, shape: readonly number[], address: number) {
    this.machine = machine
    this.shape = shape
    this.address = address
  }
}

const pageBytes = 65_536
const pagesMax = 32_768
const growBytes = 1 << 20
const alignment = 64
const stackBytes = 65_536
/** Kernels read up to one vector past the end of what they are given. */
const slackBytes = 64

/**
 * What every thread but the caller's runs for good. A thread is told how far the memory has grown from the moment on at
 * which it holds it; what came a moment before it learns by growing by nothing, else it would trap behind the end that
 * it knows. One that ends takes the process along: the caller sleeps until its tasks are done, and would for ever.
 */
const program = `
const { module, memory, stack, thread } = require('node:worker_threads').workerData
const { exports } = new WebAssembly.Instance(module, { env: { memory } })
memory.grow(0)
exports.__stack_pointer.value = stack
try {
  exports.serve(thread)
} catch (error) {
  require('node:fs').writeSync(2, 'CB_INTERNAL: thread ' + thread + ' of the wasm engine ended: ' + error.stack + '\\n')
  process.kill(process.pid, 'SIGABRT')
}`

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1)

/**
 * Linear memory as a stack of scopes, and the threads over it. The caller is one of them; the others sleep in the
 * kernels, take tasks as they come, and end with the process.
 */
export class Machine {
  readonly kernels: Kernels
  readonly threads: number
  /** Elements of a panel of columns, one vector of the kernels. */
  readonly lanes: number
  readonly #memory: WebAssembly.Memory
  readonly #bytes: 4 | 8
  #top: number
  #scopes = 0
  #live = 0

  constructor(module: WebAssembly.Module, precision: Precision, threads: number) {
    this.#memory = new WebAssembly.Memory({ initial: 16, maximum: pagesMax, shared: true })
    this.#bytes = precision === 'f32' ? 4 : 8
    this.lanes = 32 / this.#bytes
    this.threads = threads
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.#memory } })
    this.kernels = exports as unknown as Kernels
    this.#top = (exports['__heap_base'] as { value: number }).value
    for (let thread = 1; thread < threads; thread++) {
      const stack = this.allocate(stackBytes / this.#bytes) + stackBytes
      const workerData = { module, memory: this.#memory, stack, thread }
      new Worker(program, { eval: true, workerData }).unref()
    }
  }

  /** Tensors of the open scopes. */
  get live(): number {
    return this.#live
  }

  /** Frees all that `work` allocates, also when it throws. */
  scope<R>(work: () => R): R {
    const [top, live] = [this.#top, this.#live]
    this.#scopes += 1
    try {
      return work()
    } finally {
      this.#scopes -= 1
      this.#top = top
      this.#live = live
    }
  }

  /** Address of so many elements, not cleared. @throws ClosebellError CB_ENGINE_INPUT past 2 GiB */
  allocate(count: number): number {
    const address = Math.ceil(this.#top / alignment) * alignment
    const top = address + count * this.#bytes
    const missing = top + slackBytes - this.#memory.buffer.byteLength
    if (missing > 0) this.#grow(Math.ceil(missing / growBytes) * growBytes, top)
    this.#top = top
    return address
  }

  #grow(bytes: number, top: number): void {
    try {
      this.#memory.grow(bytes / pageBytes)
    } catch (cause) {
      const fact = `the section needs ${Math.ceil(top / 2 ** 20)} MB of the wasm engine’s memory`
      throw new ClosebellError('CB_ENGINE_INPUT', fact, { cause, remedy: 'Take fewer names or days at once.' })
    }
  }

  tensor(shape: readonly number[]): Block {
    if (this.#scopes === 0) throw new ClosebellError('CB_ENGINE_INPUT', 'a tensor was made outside of any scope')
    this.#live += 1
    return new Block(this, shape, this.allocate(sizeOf(shape)))
  }

  reals(address: number, count: number): FloatArray {
    const { buffer } = this.#memory
    return this.#bytes === 4 ? new Float32Array(buffer, address, count) : new Float64Array(buffer, address, count)
  }

  /** Room for `count` integers. */
  integers(count: number): { address: number; values: Int32Array } {
    const address = this.allocate(Math.ceil((count * 4) / this.#bytes))
    return { address, values: new Int32Array(this.#memory.buffer, address, count) }
  }

  /** The tensor as one of this machine, of the given shape. */
  own(tensor: Tensor, ...shape: readonly number[]): Block {
    if (!(tensor instanceof Block) || tensor.machine !== this) {
      throw new ClosebellError('CB_ENGINE_INPUT', 'the wasm engine was given a tensor that it did not make')
    }
    if (shape.length > 0 && tensor.shape.join() !== shape.join()) {
      throw new ClosebellError('CB_ENGINE_INPUT', `a tensor of [${tensor.shape.join()}] where [${shape.join()}] fits`)
    }
    return tensor
  }
}
