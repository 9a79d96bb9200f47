import { GraphBuilder } from '../../builder.js';
import { evaluate } from '../../eval/evaluate.js';
import { attribute } from '../../ir/attribute.js';
import { Tensor } from '../../ir/tensor.js';
import type { Value } from '../../ir/value.js';
import { addIf } from '../testing/add-if.js';
import { applyPasses, kinds } from '../testing/check-pass.js';
import { expectEqualBits, sqnrDb } from '../testing/compare.js';
import { runOnce } from '../testing/ort-session.js';
import { randomTensor } from '../testing/random.js';

const LAST = [0, 2, 3, 1];
const FIRST = [0, 3, 1, 2];
const PASSES = ['push-transposes', 'merge-transposes', 'eliminate-no-op', 'eliminate-dead-code'];

/** Operators on images [n, 4, 5, 6], channels first at the ends. */
class Writer {
  readonly g: GraphBuilder;
  constructor(opset: number) {
    this.g = new GraphBuilder('net', { opset, irVersion: 9 });
  }
  op = (op: string, inputs: (Value | undefined)[], attributes = {}) => this.g.op(op, inputs, attributes);
  turn = (x: Value, perm: readonly number[]) => this.g.op('Transpose', [x], { perm });
  row = (dims: readonly number[], seed = 3) => this.g.graph.addInitializer('row', randomTensor(dims, seed));
  input = (name = 'x') => this.g.input(name, 'float32', ['n', 4, 5, 6]);
}

interface Case {
  readonly write: (w: Writer, x: Value) => void;
  readonly left: readonly string[];
  readonly opset?: number;
  /** Sums are taken in another order: above 120 dB (2^-24 an addition) instead of equal bits. */
  readonly sums?: boolean;
}

const CASES: Record<string, Case> = {
  'an activation between': {
    write: (w, x) => w.g.output(w.turn(w.op('Relu', [w.turn(x, LAST)]), FIRST), 'y'),
    left: ['Relu'],
  },
  'a bias for each channel, and a factor for all': {
    write: (w, x) => {
      const sum = w.op('Add', [w.turn(x, LAST), w.row([4])]);
      const product = w.op('Mul', [w.g.constant([2], 'float32', [1, 1]), sum]);
      w.g.output(w.turn(w.op('PRelu', [product, w.row([1, 1, 4], 5)]), FIRST), 'y');
    },
    left: ['Add', 'Mul', 'PRelu'],
  },
  'two branches put together along the channels': {
    write: (w, x) => {
      const turned = w.turn(x, LAST);
      const joined = w.op('Concat', [w.op('Sigmoid', [turned]), w.op('Neg', [turned])], { axis: -1 });
      w.g.output(w.turn(joined, FIRST), 'y');
    },
    left: ['Sigmoid', 'Neg', 'Concat'],
  },
  'two inputs become one Transpose behind their sum': {
    write: (w, x) => w.g.output(w.op('Add', [w.turn(x, LAST), w.turn(w.input('x2'), LAST)]), 'y'),
    left: ['Add', 'Transpose'],
  },
  'padding and clipping, with opset 10 attributes': {
    write: (w, x) => {
      const padded = w.op('Pad', [w.turn(x, LAST)], { pads: [0, 1, 2, 0, 0, 0, 1, 3] });
      w.g.output(w.turn(w.op('Clip', [padded], { min: attribute.float(-1), max: attribute.float(1) }), FIRST), 'y');
    },
    left: ['Pad', 'Clip'],
    opset: 9,
  },
  'padding whose amounts are an input': {
    write: (w, x) => {
      const padded = w.op('Pad', [w.turn(x, LAST), w.g.constant([0, 1, 2, 0, 0, 0, 1, 3])]);
      w.g.output(w.turn(padded, FIRST), 'y');
    },
    left: ['Pad'],
  },
  'a split along the channels': {
    write: (w, x) => {
      const parts = w.g.ops('Split', [w.turn(x, LAST)], { axis: 3 }, { outputs: 2 });
      parts.forEach((part, i) => w.g.output(w.turn(w.op('Tanh', [part]), FIRST), `y${i}`));
    },
    left: ['Split', 'Tanh', 'Tanh'],
  },
  'means of the planes, kept and dropped': {
    write: (w, x) => {
      const turned = w.turn(x, LAST);
      const pooled = w.op('ReduceMean', [turned, w.g.constant([1, 2])], { keepdims: 1 });
      const dropped = w.op('ReduceMax', [w.op('Relu', [turned]), w.g.constant([1, -2])], { keepdims: 0 });
      w.g.output(w.turn(w.op('Mul', [turned, pooled]), FIRST), 'y');
      w.g.output(dropped, 'z');
    },
    left: ['ReduceMean', 'Relu', 'ReduceMax', 'Mul'],
    opset: 18,
    sums: true,
  },
  'softmax over the channels': {
    write: (w, x) => w.g.output(w.turn(w.op('Softmax', [w.turn(x, LAST)], { axis: -1 }), FIRST), 'y'),
    left: ['Softmax'],
    sums: true,
  },
  'a Transpose into another order stays, the first goes': {
    write: (w, x) => w.g.output(w.turn(w.op('Relu', [w.turn(x, LAST)]), [0, 2, 1, 3]), 'y'),
    left: ['Relu', 'Transpose'],
  },
  'choices by a condition in the same order': {
    write: (w, x) => {
      const turned = w.turn(x, LAST);
      const chosen = w.op('Where', [w.op('Greater', [turned, w.row([5, 6, 4])]), turned, w.row([4])]);
      w.g.output(w.turn(chosen, FIRST), 'y');
    },
    left: ['Greater', 'Where'],
  },
  'one branch read as it is, the other turned back': {
    write: (w, x) => {
      const turned = w.turn(x, LAST);
      w.g.output(w.turn(w.op('Add', [w.op('Relu', [turned]), w.turn(w.input('x2'), LAST)]), FIRST), 'y');
    },
    left: ['Relu', 'Add'],
  },
};

function build({ write, opset = 13 }: Pick<Case, 'write' | 'opset'>) {
  const w = new Writer(opset);
  write(w, w.input());
  return w.g.model();
}

const transposes = (list: readonly string[]) => list.filter((kind) => kind === 'Transpose').length;

test.each(Object.keys(CASES))('%s', async (name) => {
  const given = CASES[name]!;
  const model = build(given);
  const { model: pushed } = applyPasses(model, PASSES);
  expect(kinds(pushed)).toEqual(given.left);
  expect(transposes(kinds(pushed))).toBeLessThan(transposes(kinds(model)));
  for (const n of [1, 2]) {
    const feeds = { x: randomTensor([n, 4, 5, 6], n), x2: randomTensor([n, 4, 5, 6], n + 3) };
    const fed = Object.fromEntries(model.graph.inputs.map(({ name: input }) => [input, feeds[input as 'x']]));
    const pairs = [
      [evaluate(pushed, fed), evaluate(model, fed)],
      [await runOnce(pushed, fed), await runOnce(model, fed)],
    ] as const;
    for (const [found, expected] of pairs) {
      if (given.sums) expect(sqnrDb(found, expected)).toBeGreaterThan(120);
      else expectEqualBits(found, expected);
    }
  }
});

test.each<[string, Case['write'], ...number[]]>([
  ['nothing turns back', (w, x) => w.g.output(w.op('Relu', [w.turn(x, LAST)]), 'y')],
  [
    'one goes, one comes',
    (w, x) => {
      const turned = w.turn(x, LAST);
      w.g.output(w.turn(w.op('Relu', [turned]), FIRST), 'y');
      w.g.output(w.op('Flatten', [w.op('Relu', [turned])]), 'z');
      w.g.output(turned, 'kept');
    },
  ],
  [
    'an operator bound to its axes',
    (w, x) => w.g.output(w.turn(w.op('CumSum', [w.turn(x, LAST), w.g.constant(3)]), FIRST), 'y'),
  ],
  [
    'a Softmax that flattens, before opset 13',
    (w, x) => w.g.output(w.turn(w.op('Softmax', [w.turn(x, LAST)], { axis: 3 }), FIRST), 'y'),
    11,
  ],
  [
    'an operand of a lower rank',
    (w, x) => w.g.output(w.turn(w.op('Add', [w.turn(x, LAST), w.g.input('r', 'float32', [4])]), FIRST), 'y'),
  ],
  [
    'the mean of a normalization',
    (w, x) => {
      const turned = w.turn(x, LAST);
      const centred = w.op('Sub', [turned, w.op('ReduceMean', [turned], { axes: [3] })]);
      w.g.output(w.turn(centred, FIRST), 'y');
    },
  ],
])('stays: %s', (_, write, ...[opset = 13]) => {
  const model = build({ write, opset });
  const { model: pushed } = applyPasses(model, ['push-transposes']);
  expect(kinds(pushed)).toEqual(kinds(model));
});

test('in a branch, where the outer value is turned inside', async () => {
  const w = new Writer(13);
  const x = w.input();
  const y = addIf(w.g, (graph, name) => {
    const ints = (value: readonly number[]) => ({ type: 'ints', value }) as const;
    const add = (op: string, inputs: Value[], attributes = {}) =>
      graph.add({ op, inputs, outputs: [`${name}_${op}`], attributes }).output;
    const turned = add('Transpose', [x], { perm: ints(LAST) });
    return add('Transpose', [add('Relu', [turned])], { perm: ints(FIRST) });
  });
  const model = w.g.output(y, 'y', 'float32', ['n', 4, 5, 6]).model();
  const { model: pushed } = applyPasses(model, PASSES);
  expect(kinds(pushed)).toEqual(['If', 'Relu', 'Relu']);
  const feeds = { x: randomTensor([2, 4, 5, 6], 1) };
  expectEqualBits(await runOnce(pushed, feeds), await runOnce(model, feeds));
});

test('a chain of channels-last layers keeps no Transpose', async () => {
  const w = new Writer(13);
  let x = w.turn(w.g.input('x', 'float32', ['n', 5, 6, 4]), FIRST);
  for (let i = 0; i < 3; i++) {
    const conv = w.op('Conv', [x, w.row([4, 4, 3, 3], i)], { pads: [1, 1, 1, 1] });
    const shifted = w.op('Relu', [w.op('Add', [w.turn(conv, LAST), w.row([4], i)])]);
    x = w.turn(shifted, FIRST);
  }
  const model = w.g.output(w.turn(x, LAST), 'y', 'float32', ['n', 5, 6, 4]).model();
  const { model: pushed } = applyPasses(model, 'default');
  expect(kinds(pushed)).toEqual(['Transpose', 'Conv', 'Relu', 'Conv', 'Relu', 'Conv', 'Relu', 'Transpose']);
  const feeds = { x: Tensor.of('float32', [2, 5, 6, 4], randomTensor([2, 5, 6, 4], 1).toFloat32()) };
  expect(sqnrDb(await runOnce(pushed, feeds), await runOnce(model, feeds))).toBeGreaterThan(120);
});
