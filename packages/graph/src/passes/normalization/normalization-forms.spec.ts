import { GraphBuilder } from '../../builder.js';
import type { DType } from '../../dtype.js';
import { evaluate } from '../../eval/evaluate.js';
import { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { applyPasses, expectWithin, kinds } from '../testing/check-pass.js';
import { normalizationBound, type NormalizationRow } from '../testing/normalization-bound.js';
import { runOnce } from '../testing/ort-session.js';
import { randomTensor } from '../testing/random.js';

const N = 12;
const EPSILON = 1e-5;
const scale = randomTensor([N], 5);
const bias = randomTensor([N], 6);

/** Operators over one dtype, with the parts that all forms share. */
class Writer {
  constructor(
    readonly g: GraphBuilder,
    readonly dtype: DType = 'float32',
  ) {}

  op = (op: string, ...inputs: Value[]) => this.g.op(op, inputs);
  number = (value: number) => this.g.constant(value, this.dtype);
  row = (tensor: Tensor, dims = tensor.dims) =>
    this.g.graph.addInitializer('row', Tensor.fromNumbers(this.dtype, dims, tensor.toFloat64()));
  mean = (x: Value, axes = [-1]) => this.g.op('ReduceMean', [x, this.g.constant(axes)]);
  cast = (x: Value, to: 1 | 10) => this.g.op('Cast', [x], { to });
  centre = (x: Value, axes?: number[]) => this.op('Sub', x, this.mean(x, axes));
  /** mean(x²) + epsilon. */
  power = (x: Value, axes?: number[]) => this.op('Add', this.mean(this.op('Mul', x, x), axes), this.number(EPSILON));
  root = (x: Value, axes?: number[]) => this.op('Sqrt', this.power(x, axes));
  affine = (x: Value) => this.op('Add', this.op('Mul', x, this.row(scale)), this.row(bias, [1, N]));
  quotient = (x: Value, axes?: number[]) => {
    const d = this.centre(x, axes);
    return this.op('Div', d, this.root(d, axes));
  };
}

interface Case {
  readonly write: (w: Writer, x: Value) => Value;
  readonly left?: readonly string[];
  readonly opset?: number;
  readonly row?: Partial<NormalizationRow>;
  readonly dims?: readonly number[];
}

const CASES: Record<string, Case> = {
  'a reciprocal root, the scale on it': {
    write: (w, x) => {
      const d = w.centre(x);
      return w.op('Add', w.op('Mul', d, w.op('Mul', w.op('Reciprocal', w.root(d)), w.row(scale))), w.row(bias));
    },
  },
  'a power of -1/2, factors in another order': {
    write: (w, x) => {
      const d = w.centre(x);
      const normed = w.op('Mul', w.op('Pow', w.power(d), w.number(-0.5)), d);
      return w.op('Add', w.row(bias), w.op('Mul', w.row(scale), normed));
    },
  },
  'one over the root, which is a power': {
    write: (w, x) => {
      const d = w.centre(x);
      const inverse = w.op('Div', w.number(1), w.op('Pow', w.power(d), w.number(0.5)));
      return w.affine(w.op('Mul', d, inverse));
    },
  },
  'moments, as TensorFlow writes them': {
    write: (w, x) => {
      const mean = w.mean(x);
      const inverse = w.op('Reciprocal', w.root(w.op('Sub', x, mean)));
      const m = w.op('Mul', inverse, w.row(scale));
      return w.op('Add', w.op('Mul', x, m), w.op('Sub', w.row(bias), w.op('Mul', mean, m)));
    },
  },
  'neither scale nor bias': { write: (w, x) => w.quotient(x), row: { scale: undefined, bias: undefined } },
  'a bias alone': { write: (w, x) => w.op('Add', w.quotient(x), w.row(bias)), row: { scale: undefined } },
  'the last two axes': {
    write: (w, x) => {
      const [s, b] = [randomTensor([3, N], 1), randomTensor([3, N], 2)];
      return w.op('Add', w.op('Mul', w.quotient(x, [2, 1]), w.row(s)), w.row(b, [1, 3, N]));
    },
    row: { width: 3 * N, scale: randomTensor([3, N], 1), bias: randomTensor([3, N], 2) },
  },
  'a scale that is no row stays behind it': {
    write: (w, x) => w.op('Mul', w.quotient(x), w.number(0.5)),
    left: ['LayerNormalization', 'Mul'],
    row: { scale: undefined, bias: undefined },
  },
  'a root mean square': {
    write: (w, x) => w.op('Mul', w.op('Div', x, w.root(x)), w.row(scale)),
    left: ['RMSNormalization'],
    opset: 23,
    row: { bias: undefined },
  },
  'a root mean square by its inverse, whose bias stays': {
    write: (w, x) => w.affine(w.op('Mul', x, w.op('Reciprocal', w.root(x)))),
    left: ['RMSNormalization', 'Add'],
    opset: 23,
  },
};

function build({ write, opset = 18, dims = ['n', 3, N] as never }: Case, dtype: DType = 'float32') {
  const g = new GraphBuilder('net', { opset, irVersion: 9 });
  return g.output(write(new Writer(g, dtype), g.input('x', dtype, dims)), 'y', dtype, dims).model();
}

/** Rows around 0, and rows far from it, where E[x²] - mean² cancels. */
const feeds = [0, 30].map((offset, index) => ({
  x: mapped(randomTensor([2 + index, 3, N], 7 + offset), (value) => value + offset),
}));

function mapped(tensor: Tensor, change: (value: number) => number, dtype: DType = tensor.dtype): Tensor {
  return Tensor.fromNumbers(dtype, tensor.dims, tensor.toFloat64().map(change));
}

test.each(Object.keys(CASES))('fused: %s', async (name) => {
  const given = CASES[name]!;
  const model = build(given);
  const { model: fused } = applyPasses(model, ['fuse-layer-normalization']);
  expect(kinds(fused)).toEqual(given.left ?? ['LayerNormalization']);
  for (const fed of feeds) {
    const bound = normalizationBound(fed.x, { width: N, epsilon: EPSILON, scale, bias, ...given.row });
    expectWithin(evaluate(fused, fed), evaluate(model, fed), { y: bound });
    expectWithin(await runOnce(fused, fed), await runOnce(model, fed), { y: bound });
  }
});

test.each<[string, Case['write'], string[]]>([
  [
    'the product with the scale in float16',
    (w, x) => w.affine(w.cast(new Writer(w.g).quotient(w.cast(x, 1)), 10)),
    ['LayerNormalization'],
  ],
  [
    'all of it in float32',
    (w, x) => w.cast(new Writer(w.g).affine(new Writer(w.g).quotient(w.cast(x, 1))), 10),
    ['Cast', 'LayerNormalization', 'Cast'],
  ],
  ['all of it in float16', (w, x) => w.affine(w.quotient(x)), ['LayerNormalization']],
])('float16, %s', async (_, write, left) => {
  const model = build({ write }, 'float16');
  const { model: fused } = applyPasses(model, ['fuse-layer-normalization']);
  expect(kinds(fused)).toEqual(left);
  const x = mapped(randomTensor([2, 3, N], 7), (value) => value, 'float16');
  const bound = normalizationBound(x, { width: N, epsilon: EPSILON, scale, bias, u: 2 ** -11 });
  expectWithin(evaluate(fused, { x }), evaluate(model, { x }), { y: bound });
  expectWithin(await runOnce(fused, { x }), await runOnce(model, { x }), { y: bound });
});

test.each<[string, Case]>([
  ['a root mean square before opset 23', { ...CASES['a root mean square']!, opset: 18 }],
  [
    'the deviation plus epsilon',
    {
      write: (w, x) =>
        w.op(
          'Div',
          w.centre(x),
          w.op('Add', w.op('Sqrt', w.mean(w.op('Mul', w.centre(x), w.centre(x)))), w.number(EPSILON)),
        ),
    },
  ],
  [
    'a mean over one axis, squares over two',
    {
      write: (w, x) => {
        const d = w.centre(x);
        return w.op('Div', d, w.root(d, [1, 2]));
      },
    },
  ],
  ['the square of something else', { write: (w, x) => w.op('Div', w.centre(x), w.root(x)) }],
  [
    'an inverse that is read elsewhere',
    {
      write: (w, x) => {
        const d = w.centre(x);
        const inverse = w.op('Reciprocal', w.root(d));
        w.g.output(w.op('Neg', inverse), 'z');
        return w.op('Mul', d, inverse);
      },
    },
  ],
])('stays: %s', (_, given) => {
  expect(applyPasses(build(given), ['fuse-layer-normalization']).applied).toEqual([]);
});
