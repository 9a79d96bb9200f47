import { GraphBuilder } from '../builder.js';
import { evaluate } from '../eval/evaluate.js';
import { attribute, type AttributeValue } from '../ir/attribute.js';
import { Graph } from '../ir/graph.js';
import { Model } from '../ir/model.js';
import { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { tensorType } from '../ir/value-type.js';
import { parseModel, serializeModel } from '../onnx/index.js';
import { addIf } from './testing/add-if.js';
import { applyPasses, kinds } from './testing/check-pass.js';
import { sqnrDb } from './testing/compare.js';
import { runOnce } from './testing/ort-session.js';
import { randomTensor } from './testing/random.js';

const OPSET = 20;
const DIMS = [2, 4, 6, 6];

/** Writes nodes into a scope. */
class Scope {
  #count = 0;
  constructor(
    private readonly graph: Graph,
    private readonly prefix: string,
  ) {}

  op(op: string, inputs: readonly Value[], attributes: Record<string, AttributeValue> = {}): Value {
    return this.graph.add({ op, inputs, outputs: [`${this.prefix}_${op}_${this.#count++}`], attributes }).output;
  }

  constant = (tensor: Tensor) => this.op('Constant', [], { value: attribute.tensor(tensor) });
  number = (value: number) => this.constant(Tensor.scalar('float32', value));
}

interface Body {
  readonly write: (scope: Scope, x: Value) => Value;
  readonly left: readonly string[];
  /** What is left in a function body, where the types of x are not known. */
  readonly inFunction?: readonly string[];
}

const BODIES: Record<string, Body> = {
  'fuse-gelu': {
    write: (s, x) => {
      const gate = s.op('Add', [s.op('Erf', [s.op('Div', [x, s.number(Math.SQRT2)])]), s.number(1)]);
      return s.op('Mul', [s.op('Mul', [x, gate]), s.number(0.5)]);
    },
    left: ['Gelu'],
  },
  'fuse-layer-normalization': {
    write: (s, x) => {
      const axes = s.constant(Tensor.fromNumbers('int64', [1], [-1]));
      const centred = s.op('Sub', [x, s.op('ReduceMean', [x, axes])]);
      const power = s.op('ReduceMean', [s.op('Mul', [centred, centred]), axes]);
      const root = s.op('Sqrt', [s.op('Add', [power, s.number(1e-5)])]);
      const normed = s.op('Mul', [s.op('Div', [centred, root]), s.constant(randomTensor([6], 1))]);
      return s.op('Add', [normed, s.constant(randomTensor([6], 2))]);
    },
    left: ['LayerNormalization'],
  },
  'fuse-channel-affine': {
    write: (s, x) => {
      const conv = s.op('Conv', [x, s.constant(randomTensor([4, 4, 1, 1], 3))]);
      return s.op('Add', [s.op('Mul', [conv, s.constant(randomTensor([4, 1, 1], 4))]), s.number(0.5)]);
    },
    left: ['Conv'],
  },
  'fuse-input-affine': {
    write: (s, x) => {
      const [scale, shift, mean] = [1, 2, 3].map((seed) => s.constant(randomTensor([4], seed)));
      const variance = s.constant(Tensor.fromNumbers('float32', [4], [1, 2, 3, 4]));
      const normed = s.op('BatchNormalization', [x, scale!, shift!, mean!, variance]);
      return s.op('Conv', [normed, s.constant(randomTensor([4, 4, 1, 1], 4))]);
    },
    left: ['Conv'],
  },
  'fuse-hard-sigmoid': {
    write: (s, x) => {
      const clipped = s.op('Clip', [s.op('Add', [x, s.number(3)]), s.number(0), s.number(6)]);
      return s.op('Div', [clipped, s.number(6)]);
    },
    left: ['HardSigmoid'],
  },
  'push-transposes': {
    write: (s, x) => {
      const turned = s.op('Transpose', [x], { perm: attribute.ints([0, 2, 3, 1]) });
      const shifted = s.op('Relu', [s.op('Add', [turned, s.constant(randomTensor([4], 4))])]);
      return s.op('Transpose', [shifted], { perm: attribute.ints([0, 3, 1, 2]) });
    },
    left: ['Add', 'Relu'],
  },
};

const names = Object.keys(BODIES);
const CLEAN = ['eliminate-no-op', 'eliminate-dead-code'];
const feeds = { x: randomTensor(DIMS, 5) };

/** Sums of at most 6 terms in another order: 2^-24 an addition is far above 120 dB. */
async function expectSame(fused: Model, model: Model): Promise<void> {
  expect(sqnrDb(evaluate(fused, feeds), evaluate(model, feeds))).toBeGreaterThan(120);
  expect(sqnrDb(await runOnce(fused, feeds), await runOnce(model, feeds))).toBeGreaterThan(120);
}

const withoutConstants = (model: Model) => kinds(model).filter((kind) => kind !== 'Constant');

test.each(names)('%s in the branches of an If, over a value of the scope around', async (name) => {
  const g = new GraphBuilder('net', { opset: OPSET, irVersion: 9 });
  const x = g.input('x', 'float32', DIMS);
  const y = addIf(g, (graph, branch) => BODIES[name]!.write(new Scope(graph, branch), x));
  const model = g.output(y, 'y', 'float32', DIMS).model();
  const { model: fused } = applyPasses(model, [name, ...CLEAN]);
  expect(withoutConstants(fused)).toEqual(['If', ...BODIES[name]!.left, ...BODIES[name]!.left]);
  await expectSame(fused, model);
});

test.each(names)('%s in a function body', async (name) => {
  const body = new Graph('Block');
  const input = body.addInput('x');
  body.addOutput(BODIES[name]!.write(new Scope(body, 'f'), input));
  const opsets = new Map([
    ['', OPSET],
    ['own', 1],
  ]);
  const graph = new Graph('main');
  const x = graph.addInput('x', tensorType('float32', DIMS));
  const y = graph.add({ op: 'Block', domain: 'own', inputs: [x], outputs: ['y'] }).output;
  graph.setType(y, tensorType('float32', DIMS));
  graph.addOutput(y);
  const block = { domain: 'own', name: 'Block', overload: '', body, opsets: new Map([['', OPSET]]), origin: undefined };
  const model = parseModel(serializeModel(new Model({ irVersion: 9, opsets, graph, functions: [block] })));
  const { model: fused } = applyPasses(model, [name, ...CLEAN]);
  expect(withoutConstants(fused).slice(1)).toEqual(BODIES[name]!.inFunction ?? BODIES[name]!.left);
  await expectSame(parseModel(serializeModel(fused)), model);
});
