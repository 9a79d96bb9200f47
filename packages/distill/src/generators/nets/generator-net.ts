import { countMacs, inferTypes, type Model, tensorType, type Value } from '@gossamer/graph';
import { Layers } from './layers.js';

/**
 * How numbers become inputs of the teacher. 'standardised': tanh, then batch normalisation to `mean` and `deviation`, which nothing trains; for
 * generators that see no data. 'ranged': sigmoid, from `low` to `high`.
 */
export type GeneratorHead =
  | { readonly kind: 'standardised'; readonly mean: number; readonly deviation: number }
  | { readonly kind: 'ranged'; readonly low: number; readonly high: number };

export interface GeneratorOptions {
  /** Numbers that a sample is made of. */
  readonly codes: number;
  /** Of a sample: [channels, rows, columns], or any other as a vector. */
  readonly shape: readonly number[];
  readonly head: GeneratorHead;
  readonly seed: number;
}

/** Input of a generator, [n, codes]. */
export const CODES = 'codes';
/** Output of a generator, [n, ...shape]. */
export const SAMPLES = 'samples';
/** Output of a generator before its head, [n, ...shape]. */
export const RAW = 'raw';
/** Weights of the head, which stay. */
export const FROZEN = 'generator.head.*';

/** Channels of the coarse image and of the fine one: 22 million multiply-accumulates for 28 x 28 (DAFL's 128 and 64 take 88). */
const COARSE = 64;
const FINE = 32;
/** Units of the hidden layers of a generator of vectors. */
const HIDDEN = [128, 256] as const;
/** Times that two upsamplings make rows and columns longer. */
const GROWTH = 4;

/**
 * A generator: codes -> a dense layer -> two times (upsampling, convolution, batch normalisation, LeakyReLU) -> convolution -> head; for vectors
 * three dense layers.
 *
 * Source: Chen et al., "Data-Free Learning of Student Networks", ICCV 2019 (arXiv:1904.01186), section 4.1 and its code.
 */
export function generatorNet({ codes, shape, head, seed }: GeneratorOptions): Model {
  const net = new Layers('generator', seed);
  const x = net.g.input(CODES, 'float32', ['n', codes]);
  const raw = shape.length === 3 ? image(net, x, codes, shape) : vector(net, x, codes, shape);
  net.g.output(raw, RAW);
  return net.g.output(finish(net, raw, shape, head), SAMPLES).model();
}

/** Multiply-accumulates of one sample. */
export function generatorMacs(model: Model): number {
  const codes = model.graph.inputs[0]!;
  const type = codes.type?.kind === 'tensor' ? codes.type.shape : undefined;
  const inputs = { [CODES]: tensorType('float32', [1, type?.[1]]) };
  return countMacs(model, inferTypes(model, { inputs })).known;
}

function image(net: Layers, codes: Value, width: number, [channels, rows, columns]: readonly number[]): Value {
  const [coarseRows, coarseColumns] = [Math.ceil(rows! / GROWTH), Math.ceil(columns! / GROWTH)];
  let x = net.dense(codes, 'dense', width, COARSE * coarseRows * coarseColumns);
  x = net.batchNorm(net.reshape(x, [COARSE, coarseRows, coarseColumns]), 'norm1', COARSE);
  x = net.conv(net.upsample(x), 'conv1', COARSE, COARSE);
  x = net.leakyRelu(net.batchNorm(x, 'norm2', COARSE));
  x = net.conv(net.upsample(x), 'conv2', COARSE, FINE);
  x = net.conv(net.leakyRelu(net.batchNorm(x, 'norm3', FINE)), 'conv3', FINE, channels!);
  const isLarger = coarseRows * GROWTH > rows! || coarseColumns * GROWTH > columns!;
  if (!isLarger) return x;
  const { g } = net;
  return g.op('Slice', [x, g.constant([0, 0]), g.constant([rows!, columns!]), g.constant([2, 3])]);
}

function vector(net: Layers, codes: Value, width: number, shape: readonly number[]): Value {
  const size = shape.reduce((a, b) => a * b, 1);
  let x = codes;
  let from = width;
  HIDDEN.forEach((to, i) => {
    x = net.leakyRelu(net.batchNorm(net.dense(x, `dense${i + 1}`, from, to), `norm${i + 1}`, to));
    from = to;
  });
  const last = net.dense(x, 'dense3', from, size);
  return shape.length === 1 ? last : net.reshape(last, shape);
}

function finish(net: Layers, raw: Value, shape: readonly number[], head: GeneratorHead): Value {
  const { g } = net;
  if (head.kind === 'ranged') {
    const { low, high } = head;
    const spread = g.op('Mul', [g.op('Sigmoid', [raw]), g.constant(high - low, 'float32')]);
    return g.op('Add', [spread, g.constant(low, 'float32')]);
  }
  const bounded = g.op('Tanh', [raw]);
  const { deviation, mean } = head;
  if (shape.length === 3) return net.batchNorm(bounded, 'head', shape[0]!, deviation, mean);
  // Numbers of a vector are normalised together, as the points of a channel are.
  const size = shape.reduce((a, b) => a * b, 1);
  return net.reshape(net.batchNorm(net.reshape(bounded, [1, 1, size]), 'head', 1, deviation, mean), shape);
}
