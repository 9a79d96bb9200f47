import { GraphBuilder, type Value } from '@gossamer/graph';
import { fillUniform, streamOf } from '@gossamer/train';

/** Slope of LeakyReLU below 0. */
const SLOPE = 0.2;

/** Layers of generators and of nets that judge them, named and with seeded weights: uniform in +-sqrt(6 / fan-in) (He et al., ICCV 2015), biases 0. */
export class Layers {
  readonly g: GraphBuilder;

  constructor(
    /** Begins the names of weights. */
    private readonly name: string,
    private readonly seed: number,
  ) {
    this.g = new GraphBuilder(name);
  }

  /** [n, from] -> [n, to]. */
  dense(x: Value, layer: string, from: number, to: number): Value {
    const weight = this.#weight(layer, [to, from], from);
    return this.g.op('Gemm', [x, weight, this.#constant(`${layer}.bias`, to, 0)], { transB: 1 });
  }

  /** A convolution with padding that keeps the size, or halves it (rounded up) with stride 2. */
  conv(x: Value, layer: string, from: number, to: number, { stride = 1 } = {}): Value {
    const weight = this.#weight(layer, [to, from, 3, 3], from * 9);
    const attributes = { pads: [1, 1, 1, 1], strides: [stride, stride] };
    return this.g.op('Conv', [x, weight, this.#constant(`${layer}.bias`, to, 0)], attributes);
  }

  /** Batch normalisation of `channels`; `scale` and `shift` are what it begins with. */
  batchNorm(x: Value, layer: string, channels: number, scale = 1, shift = 0): Value {
    return this.g.op('BatchNormalization', [
      x,
      this.#constant(`${layer}.scale`, channels, scale),
      this.#constant(`${layer}.shift`, channels, shift),
      this.#constant(`${layer}.mean`, channels, 0),
      this.#constant(`${layer}.variance`, channels, 1),
    ]);
  }

  leakyRelu(x: Value): Value {
    return this.g.op('LeakyRelu', [x], { alpha: SLOPE });
  }

  /** Rows and columns twice. */
  upsample(x: Value): Value {
    const scales = this.g.constant([1, 1, 2, 2], 'float32');
    const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' };
    return this.g.op('Resize', [x, undefined, scales], attributes);
  }

  /** Keeps the samples apart: `shape` is that of one. */
  reshape(x: Value, shape: readonly number[]): Value {
    return this.g.op('Reshape', [x, this.g.constant([-1, ...shape])]);
  }

  #weight(layer: string, dims: readonly number[], fanIn: number): Value {
    const name = `${this.name}.${layer}.weight`;
    const data = new Float32Array(dims.reduce((a, b) => a * b, 1));
    fillUniform(data, this.seed, streamOf(name), 0);
    const range = Math.sqrt(6 / fanIn);
    return this.g.weight(
      name,
      dims,
      data.map((u) => (2 * u - 1) * range),
    );
  }

  #constant(name: string, length: number, value: number): Value {
    return this.g.weight(`${this.name}.${name}`, [length], new Float32Array(length).fill(value));
  }
}
