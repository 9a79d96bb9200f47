import { GraphBuilder, type PlainAttribute, type Value } from '@gossamer/graph';
import { randomNumbers } from './check-removal.js';

/** A builder with a seed: weights and choices come from it. */
export class RandomNet {
  readonly g: GraphBuilder;
  readonly random: () => number;

  constructor(seed: number, opset = 17) {
    this.g = new GraphBuilder('net', { opset, irVersion: opset >= 21 ? 10 : 8 });
    this.random = randomNumbers(seed * 7919 + 1);
    for (let i = 0; i < 8; i++) this.random();
  }

  /** The same weights and choices, built into a body of control flow. */
  inside(g: GraphBuilder): RandomNet {
    return Object.assign(Object.create(RandomNet.prototype) as RandomNet, { g, random: this.random });
  }

  integer(low: number, high: number): number {
    return low + Math.floor(this.random() * (high - low + 1));
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)]!;
  }

  /** Numbers of about `size`, `size` / 4 at least from 0 where `isPositive`. */
  weight(dims: readonly number[], size = 1, isPositive = false): Value {
    const length = dims.reduce((a, b) => a * b, 1);
    const draw = () => (isPositive ? size * (0.25 + this.random()) : size * (2 * this.random() - 1));
    return this.g.weight('w', dims, Float32Array.from({ length }, draw));
  }

  op(op: string, inputs: readonly (Value | undefined)[], attributes: Record<string, PlainAttribute> = {}): Value {
    return this.g.op(op, inputs, attributes);
  }

  ops(op: string, count: number, inputs: readonly Value[], attributes: Record<string, PlainAttribute> = {}): Value[] {
    return this.g.ops(op, inputs, attributes, { outputs: count });
  }

  /** Convolution with or without bias, weights scaled to keep the size of activations. */
  conv(
    x: Value,
    from: number,
    to: number,
    kernel = 1,
    { groups = 1, padding = (kernel - 1) / 2, stride = 1 } = {},
  ): Value {
    const dims = [to, from / groups, kernel, kernel];
    const weight = this.weight(dims, Math.sqrt(3 / (dims[1]! * kernel * kernel)));
    const inputs = this.random() < 0.5 ? [x, weight] : [x, weight, this.weight([to], 0.5)];
    return this.op('Conv', inputs, { group: groups, pads: Array<number>(4).fill(padding), strides: [stride, stride] });
  }

  batchNorm(x: Value, channels: number): Value {
    const [scale, bias, mean] = [this.weight([channels]), this.weight([channels]), this.weight([channels])];
    return this.op('BatchNormalization', [x, scale, bias, mean, this.weight([channels], 1, true)]);
  }

  linear(x: Value, from: number, to: number): Value {
    const product = this.op('MatMul', [x, this.weight([from, to], Math.sqrt(3 / from))]);
    return this.random() < 0.7 ? this.op('Add', [product, this.weight([to], 0.5)]) : product;
  }

  activation(x: Value): Value {
    return this.op(this.pick(['Relu', 'Tanh', 'Sigmoid', 'HardSwish', 'Elu', 'Softplus', 'LeakyRelu', 'HardSigmoid']), [
      x,
    ]);
  }

  /** One that keeps 0. */
  zeroActivation(x: Value): Value {
    return this.op(this.pick(['Relu', 'Tanh', 'HardSwish', 'Elu', 'LeakyRelu']), [x]);
  }
}
