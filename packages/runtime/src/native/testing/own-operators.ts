import { elementCount, Tensor } from '@gossamer/graph';
import type { ProgramAttribute } from '../program-builder.js';
import { int8Average, int8Binary, int8Concat, int8Layer } from './int8-operators.js';
import { runStandard } from './run-standard.js';

export type Attributes = Readonly<Record<string, ProgramAttribute>>;
type Inputs = readonly (Tensor | undefined)[];

/** What the engine's own operators mean (docs/engine.md), in operators of the standard or written out: slow, for tests. */
export const OWN: Readonly<Record<string, (inputs: Inputs, attributes: Attributes) => Tensor>> = {
  Linear: ([x, w, bias, residual], attributes) =>
    epilogue(linear(x!, w!, attributes['trans_b'] === 1), bias, residual, attributes),
  ConvNhwc: ([x, w, bias, residual], attributes) => {
    const y = spatial('Conv', [x!, w!], windowOf(attributes, 'strides', 'pads', 'dilations', 'group'));
    return epilogue(y, bias, residual, attributes);
  },
  ConvTransposeNhwc: ([x, w, bias, residual], attributes) => {
    const names = ['strides', 'pads', 'dilations', 'group', 'output_padding'];
    return epilogue(spatial('ConvTranspose', [x!, w!], windowOf(attributes, ...names)), bias, residual, attributes);
  },
  MatMul: ([a, b], attributes) => {
    const [x, y] = [turned(a!, attributes['trans_a'] === 1), turned(b!, attributes['trans_b'] === 1)];
    return times(runStandard('MatMul', [x, y])[0]!, Number(attributes['alpha'] ?? 1));
  },
  MatMulNBits: ([x, codes, scales, zeros, , bias, residual], attributes) => {
    const names = ['K', 'N', 'bits', 'block_size', 'accuracy_level'];
    const y = runStandard('MatMulNBits', [x, codes, scales, zeros], windowOf(attributes, ...names))[0]!;
    return epilogue(y, bias, residual, attributes);
  },
  Attention4D: attention,
  MaxPoolNhwc: ([x], attributes) => spatial('MaxPool', [x!], attributes),
  AveragePoolNhwc: ([x], attributes) => spatial('AveragePool', [x!], attributes),
  Activate: ([x], attributes) => activated(x!, attributes),
  Int8Linear: (inputs, attributes) =>
    int8Layer(inputs, attributes, (x, w) => linear(x, w, attributes['trans_b'] === 1)),
  Int8Conv: (inputs, attributes) =>
    int8Layer(inputs, attributes, (x, w) =>
      spatial('Conv', [x, w], windowOf(attributes, 'strides', 'pads', 'dilations', 'group')),
    ),
  Int8AveragePoolNhwc: ([x], attributes) => int8Average(x!, attributes),
  Int8Binary: ([a, b], attributes) => int8Binary(a!, b!, attributes),
  Int8Concat: (inputs, attributes) => int8Concat(inputs as readonly Tensor[], attributes),
  Int8Table: ([x], attributes) => {
    const table = attributes['table'] as readonly number[];
    return Tensor.of(
      'uint8',
      x!.dims,
      Uint8Array.from(x!.bytes(), (code) => table[code]!),
    );
  },
};

/** Heads may be merged with the sizes of their elements, and shared by several heads of queries. */
function attention([q, k, v, mask]: Inputs, attributes: Attributes): Tensor {
  const merged = q!.dims.length === 3 ? Number(attributes['heads']) : 0;
  const split = (x: Tensor, layout: ProgramAttribute | undefined, heads: number) => {
    const [batch, positions, width] = x.dims as [number, number, number];
    const four = x.dims.length === 4 ? x : x.reshaped([batch, positions, heads, width / heads]);
    return layout === 'bshd' ? runStandard('Transpose', [four], { perm: [0, 2, 1, 3] })[0]! : four;
  };
  const query = split(q!, attributes['q_layout'], merged);
  const shared = (x: Tensor) => {
    const times = query.dims[1]! / x.dims[1]!;
    const order = Array.from({ length: query.dims[1]! }, (_, head) => Math.floor(head / times));
    return runStandard('Gather', [x, Tensor.fromNumbers('int64', [order.length], order)], { axis: 1 })[0]!;
  };
  const kvHeads = Number(attributes['kv_heads'] ?? merged);
  const [key, value] = [
    shared(split(k!, attributes['k_layout'], kvHeads)),
    shared(split(v!, attributes['v_layout'], kvHeads)),
  ];
  const scores = runStandard('MatMul', [query, turned(key, true)])[0]!;
  let masked = times(scores, Number(attributes['scale'] ?? Math.fround(1 / Math.sqrt(query.dims[3]!))));
  if (mask) masked = runStandard('Add', [masked, mask])[0]!;
  if (attributes['causal'] === 1) masked = causal(masked, attributes['causal_offset']);
  const weights = runStandard('Softmax', [masked], { axis: -1 })[0]!;
  const mixed = runStandard('MatMul', [weights, value])[0]!;
  if (attributes['y_layout'] !== 'bshd') return mixed;
  const joined = runStandard('Transpose', [mixed], { perm: [0, 2, 1, 3] })[0]!;
  return merged === 0 ? joined : joined.reshaped([joined.dims[0]!, joined.dims[1]!, joined.dims[2]! * joined.dims[3]!]);
}

function causal(scores: Tensor, offset: ProgramAttribute | undefined): Tensor {
  const [queries, keys] = scores.dims.slice(2) as [number, number];
  const visible = Number(offset ?? keys - queries);
  const seen = scores
    .toFloat32()
    .map((score, i) => (i % keys <= (Math.floor(i / keys) % queries) + visible ? score : -Infinity));
  return Tensor.of('float32', scores.dims, seen);
}

/** The last two axes swapped. */
function turned(x: Tensor, isTurned: boolean): Tensor {
  if (!isTurned) return x;
  const rank = x.dims.length;
  const perm = x.dims.map((_, axis) => (axis < rank - 2 ? axis : axis === rank - 2 ? rank - 1 : rank - 2));
  return runStandard('Transpose', [x], { perm })[0]!;
}

const times = (x: Tensor, factor: number) => (factor === 1 ? x : each(x, (value) => Math.fround(value * factor)));

export function windowOf(attributes: Attributes, ...names: readonly string[]): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => names.includes(name)));
}

function linear(x: Tensor, w: Tensor, transB: boolean): Tensor {
  const weight = transB ? runStandard('Transpose', [w], { perm: [1, 0] }, [w.dtype])[0]! : w;
  return runStandard('MatMul', [x, weight], {}, [x.dtype])[0]!;
}

/** An operator with channels first, between Transposes. */
export function spatial(op: string, [x, ...others]: readonly Tensor[], attributes: Attributes): Tensor {
  const rank = x!.dims.length;
  const middle = Array.from({ length: rank - 2 }, (_, i) => i + 1);
  const turned = runStandard('Transpose', [x], { perm: [0, rank - 1, ...middle] }, [x!.dtype])[0]!;
  const y = runStandard(op, [turned, ...others], attributes, [x!.dtype])[0]!;
  const back = [0, ...middle.map((axis) => axis + 1), 1];
  return runStandard('Transpose', [y], { perm: back }, [x!.dtype])[0]!;
}

function epilogue(y: Tensor, bias: Tensor | undefined, residual: Tensor | undefined, attributes: Attributes): Tensor {
  let result = y;
  if (bias) result = runStandard('Add', [result, bias])[0]!;
  if (residual) {
    if (String(residual.dims) !== String(result.dims)) throw new Error('residual: not of the shape of the result');
    result = runStandard('Add', [result, residual])[0]!;
  }
  return activated(result, attributes);
}

export function activated(x: Tensor, attributes: Attributes): Tensor {
  const [alpha, beta] = [Number(attributes['activation_alpha']), Number(attributes['activation_beta'])];
  const run = (op: string, more: Attributes = {}) => runStandard(op, [x], more)[0]!;
  switch (attributes['activation']) {
    case undefined:
    case 'none':
      return x;
    case 'clamp':
      return each(x, (v) => Math.min(Math.max(v, alpha), beta));
    case 'leaky':
      return run('LeakyRelu', { alpha });
    case 'elu':
      return run('Elu', { alpha });
    case 'hard_sigmoid':
      return run('HardSigmoid', { alpha, beta });
    case 'gelu':
      return run('Gelu');
    case 'gelu_tanh':
      return run('Gelu', { approximate: 'tanh' });
    case 'silu':
      return each(x, (v) => v / (1 + Math.exp(-v)));
    default:
      return run(OPS[String(attributes['activation'])] ?? 'unknown activation');
  }
}

const OPS: Readonly<Record<string, string>> = {
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  hard_swish: 'HardSwish',
  erf: 'Erf',
  exp: 'Exp',
  softplus: 'Softplus',
  mish: 'Mish',
};

function each(x: Tensor, apply: (value: number) => number): Tensor {
  if (elementCount(x.dims) !== x.length) throw new Error('tensor: dims and length differ');
  return Tensor.of('float32', x.dims, x.toFloat32().map(apply));
}
