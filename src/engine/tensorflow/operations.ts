import { ClosebellError } from '../../../schemas/errors.ts'
import type { FloatArray, Tensor } from '../../../models/engine.ts'
import type { OpAttribute, TensorflowBinding } from './binding.ts'

/** A tensor of TensorFlow, by the handle of its addon. */
export class Handle implements Tensor {
  readonly id: number
  readonly shape: readonly number[]

  constructor(id: number, shape: readonly number[]) {
    this.id = id
    this.shape = shape
  }
}

export const handle = (tensor: Tensor): Handle => {
  if (tensor instanceof Handle) return tensor
  throw new ClosebellError('CB_ENGINE_INPUT', 'the tensorflow engine was given a tensor that it did not make')
}

type Unary = 'Sigmoid' | 'Tanh' | 'Exp' | 'Elu' | 'Relu' | 'Neg'
type Binary = 'AddV2' | 'Sub' | 'Mul' | 'RealDiv' | 'SigmoidGrad' | 'TanhGrad' | 'EluGrad' | 'ReluGrad'

/** Number of TensorFlow's type DT_DOUBLE, which the addon does not name. */
const doubleType = 2

/**
 * Stock TensorFlow operations on raw handles. Every handle belongs to the innermost open scope, which frees it when
 * it ends: nothing but the cached constants outlives a scope.
 */
export class Operations {
  readonly #binding: TensorflowBinding
  readonly #type: number
  readonly #scopes: Set<number>[] = []
  readonly #constants = new Map<string, Handle>()

  constructor(binding: TensorflowBinding, precision: 'f32' | 'f64') {
    this.#binding = binding
    this.#type = precision === 'f32' ? binding.TF_FLOAT : doubleType
  }

  /** Tensors that TensorFlow holds for us, without the cached constants. */
  get live(): number {
    return this.#scopes.reduce((sum, scope) => sum + scope.size, 0)
  }

  scope<R>(work: () => R): R {
    const own = new Set<number>()
    this.#scopes.push(own)
    try {
      return work()
    } finally {
      for (const id of own) this.#binding.deleteTensor(id)
      this.#scopes.pop()
    }
  }

  /** Frees all that `work` makes but what it returns, which passes to the scope around. */
  keep<R extends Readonly<Record<string, Handle>>>(work: () => R): R {
    return this.scope(() => {
      const kept = work()
      for (const { id } of Object.values(kept)) {
        if (this.#scopes.at(-1)?.delete(id) === true) this.#scopes.at(-2)?.add(id)
      }
      return kept
    })
  }

  free(handles: readonly Handle[]): void {
    for (const { id } of handles) {
      if (this.#scopes.at(-1)?.delete(id) === true) this.#binding.deleteTensor(id)
    }
  }

  #own(id: number, shape: readonly number[]): Handle {
    const scope = this.#scopes.at(-1)
    if (scope === undefined) {
      this.#binding.deleteTensor(id)
      throw new ClosebellError('CB_ENGINE_INPUT', 'a tensor was made outside of any scope')
    }
    scope.add(id)
    return new Handle(id, shape)
  }

  #run(name: string, attributes: readonly OpAttribute[], inputs: readonly Handle[], outputs: number): Handle[] {
    const made = this.#binding.executeOp(
      name,
      attributes,
      inputs.map((input) => input.id),
      outputs,
    )
    return made.map(({ id, shape }) => this.#own(id, shape))
  }

  #typeOf(name: string, value = this.#type): OpAttribute {
    return { name, type: this.#binding.TF_ATTR_TYPE, value }
  }
  #int(name: string, value: number): OpAttribute {
    return { name, type: this.#binding.TF_ATTR_INT, value }
  }
  #bool(name: string, value: boolean): OpAttribute {
    return { name, type: this.#binding.TF_ATTR_BOOL, value }
  }
  #float(name: string, value: number): OpAttribute {
    return { name, type: this.#binding.TF_ATTR_FLOAT, value }
  }

  /** Axes, shapes and sizes are tensors to TensorFlow: made once, kept for the engine's life. */
  #constant(values: number | readonly number[]): Handle {
    const key = JSON.stringify(values)
    let made = this.#constants.get(key)
    if (made === undefined) {
      const shape = typeof values === 'number' ? [] : [values.length]
      const data = Int32Array.from(typeof values === 'number' ? [values] : values)
      made = new Handle(this.#binding.createTensor(shape, this.#binding.TF_INT32, data), shape)
      this.#constants.set(key, made)
    }
    return made
  }

  #create(values: Float32Array, shape: readonly number[]): Handle {
    return this.#own(this.#binding.createTensor(shape, this.#binding.TF_FLOAT, values), shape)
  }

  #cast(x: Handle, from: number, to: number): Handle {
    return this.#run('Cast', [this.#typeOf('SrcT', from), this.#typeOf('DstT', to)], [x], 1)[0]
  }

  upload(values: FloatArray, shape: readonly number[]): Handle {
    const size = shape.reduce((product, extent) => product * extent, 1)
    if (size !== values.length) {
      throw new ClosebellError('CB_ENGINE_INPUT', `${values.length} values for the shape [${shape.join(', ')}]`)
    }
    const high = values instanceof Float32Array ? values : Float32Array.from(values)
    if (this.#type !== doubleType) return this.#create(high, shape)
    // The addon carries no doubles: one travels as the sum of two floats.
    const low = Float32Array.from(values, (value, c) => value - high[c])
    const { TF_FLOAT } = this.#binding
    const parts = [high, low].map((part) => this.#cast(this.#create(part, shape), TF_FLOAT, doubleType))
    return this.binary('AddV2', parts[0], parts[1])
  }

  uploadIndices(values: Int32Array, shape: readonly number[]): Handle {
    return this.#own(this.#binding.createTensor(shape, this.#binding.TF_INT32, values), shape)
  }

  download(x: Handle): FloatArray {
    const read = (one: Handle): Float32Array => this.#binding.tensorDataSync(one.id) as Float32Array
    if (this.#type !== doubleType) return read(x)
    const { TF_FLOAT } = this.#binding
    const high = this.#cast(x, doubleType, TF_FLOAT)
    const rest = this.binary('Sub', x, this.#cast(high, TF_FLOAT, doubleType))
    const low = read(this.#cast(rest, doubleType, TF_FLOAT))
    return Float64Array.from(read(high), (value, c) => value + low[c])
  }

  unary(name: Unary, x: Handle): Handle {
    return this.#run(name, [this.#typeOf('T')], [x], 1)[0]
  }

  /** Operands broadcast. The gradient operations take (y, dy), but EluGrad and ReluGrad (dy, y). */
  binary(name: Binary, a: Handle, b: Handle): Handle {
    return this.#run(name, [this.#typeOf('T')], [a, b], 1)[0]
  }

  leakyRelu(x: Handle, slope: number): Handle {
    return this.#run('LeakyRelu', [this.#float('alpha', slope), this.#typeOf('T')], [x], 1)[0]
  }
  leakyReluGrad(dy: Handle, x: Handle, slope: number): Handle {
    return this.#run('LeakyReluGrad', [this.#float('alpha', slope), this.#typeOf('T')], [dy, x], 1)[0]
  }

  matMul(a: Handle, b: Handle, transposed: 'none' | 'first' | 'second' = 'none'): Handle {
    const attributes = [
      this.#bool('transpose_a', transposed === 'first'),
      this.#bool('transpose_b', transposed === 'second'),
      this.#typeOf('T'),
    ]
    return this.#run('MatMul', attributes, [a, b], 1)[0]
  }

  addAll(parts: readonly Handle[]): Handle {
    return this.#run('AddN', [this.#int('N', parts.length), this.#typeOf('T')], parts, 1)[0]
  }

  reduce(name: 'Sum' | 'Max', x: Handle, axis: number, keepDims = false): Handle {
    const attributes = [
      this.#bool('keep_dims', keepDims),
      this.#typeOf('T'),
      this.#typeOf('Tidx', this.#binding.TF_INT32),
    ]
    return this.#run(name, attributes, [x, this.#constant([axis])], 1)[0]
  }

  reshape(x: Handle, shape: readonly number[]): Handle {
    const attributes = [this.#typeOf('T'), this.#typeOf('Tshape', this.#binding.TF_INT32)]
    return this.#run('Reshape', attributes, [x, this.#constant(shape)], 1)[0]
  }

  transpose(x: Handle): Handle {
    const attributes = [this.#typeOf('T'), this.#typeOf('Tperm', this.#binding.TF_INT32)]
    return this.#run('Transpose', attributes, [x, this.#constant([1, 0])], 1)[0]
  }

  /** Pieces of the given sizes along an axis. */
  split(x: Handle, sizes: readonly number[], axis: number): Handle[] {
    const attributes = [
      this.#int('num_split', sizes.length),
      this.#typeOf('T'),
      this.#typeOf('Tlen', this.#binding.TF_INT32),
    ]
    return this.#run('SplitV', attributes, [x, this.#constant(sizes), this.#constant(axis)], sizes.length)
  }

  /** One part alone is its own concatenation: TensorFlow's operation takes no fewer than two. */
  concat(parts: readonly Handle[], axis: number): Handle {
    if (parts.length === 1) return parts[0]
    const attributes = [this.#int('N', parts.length), this.#typeOf('T'), this.#typeOf('Tidx', this.#binding.TF_INT32)]
    return this.#run('ConcatV2', attributes, [...parts, this.#constant(axis)], 1)[0]
  }

  /** The part of x that begins at `first` and has the given extents. */
  slice(x: Handle, first: readonly number[], extents: readonly number[]): Handle {
    return this.#slice(x, first, extents, this.#type)
  }
  sliceIndices(x: Handle, first: readonly number[], extents: readonly number[]): Handle {
    return this.#slice(x, first, extents, this.#binding.TF_INT32)
  }
  #slice(x: Handle, first: readonly number[], extents: readonly number[], type: number): Handle {
    const attributes = [this.#typeOf('T', type), this.#typeOf('Index', this.#binding.TF_INT32)]
    return this.#run('Slice', attributes, [x, this.#constant(first), this.#constant(extents)], 1)[0]
  }

  /** The slices of x along its first axis. */
  unpack(x: Handle): Handle[] {
    const [count] = x.shape
    const attributes = [this.#int('num', count), this.#typeOf('T'), this.#int('axis', 0)]
    return this.#run('Unpack', attributes, [x], count)
  }

  /** Rows of x by index: [n, ...] and [n, K] -> [n, K, ...]. */
  gather(x: Handle, index: Handle): Handle {
    const { TF_INT32 } = this.#binding
    const attributes = [
      this.#int('batch_dims', 0),
      this.#typeOf('Tparams'),
      this.#typeOf('Tindices', TF_INT32),
      this.#typeOf('Taxis', TF_INT32),
    ]
    return this.#run('GatherV2', attributes, [x, index, this.#constant(0)], 1)[0]
  }

  /** The reverse of gather: [n, K, ...] and [n, K] -> [n, ...], summed over equal indices. */
  scatter(x: Handle, index: Handle, n: number): Handle {
    const { TF_INT32 } = this.#binding
    const attributes = [this.#typeOf('T'), this.#typeOf('Tindices', TF_INT32), this.#typeOf('Tnumsegments', TF_INT32)]
    return this.#run('UnsortedSegmentSum', attributes, [x, index, this.#constant(n)], 1)[0]
  }
}
