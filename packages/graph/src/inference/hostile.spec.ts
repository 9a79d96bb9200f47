import fc from 'fast-check';
import { GraphBuilder } from '../builder.js';
import { Attribute } from '../ir/attribute.js';
import type { Dim } from '../ir/dim.js';
import { symbol } from '../ir/dim.js';
import type { Node } from '../ir/node.js';
import { tensorType, type ValueType } from '../ir/value-type.js';
import { nodeTestCases } from '../testing/node-tests.js';
import { inferTypes } from './index.js';
import { typedCase } from './testing/node-test-types.js';

const integer = fc.constantFrom(-(2 ** 53) + 1, -(2 ** 31), -3, -1, 0, 1, 2, 3, 7, 2 ** 31 - 1, 2 ** 53 - 1);
const dim: fc.Arbitrary<Dim> = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 5, 1000, 2 ** 52, undefined),
  fc.constantFrom('n', 'm').map(symbol),
);
const shape = fc.option(fc.array(dim, { maxLength: 6 }), { nil: undefined });

/** Replaces integers and lists of attributes by others, leaving their kinds. */
function disturb(node: Node, pick: <T>(arbitrary: fc.Arbitrary<T>) => T): void {
  for (const item of node.attributes.values()) {
    const { type } = item.content;
    if (pick(fc.integer({ min: 0, max: 3 })) !== 0) continue;
    if (type === 'int')
      node.graph.setAttribute(node, item.name, new Attribute(item.name, { type, value: pick(integer) }));
    if (type === 'ints') {
      const value = pick(fc.array(integer, { maxLength: 9 }));
      node.graph.setAttribute(node, item.name, new Attribute(item.name, { type, value }));
    }
  }
}

test('whatever shapes and attributes a node gets, inference ends in types and warnings', () => {
  const cases = nodeTestCases();
  fc.assert(
    fc.property(fc.integer({ min: 0, max: cases.length - 1 }), fc.gen(), (index, gen) => {
      const pick = <T>(arbitrary: fc.Arbitrary<T>): T => gen(() => arbitrary);
      const typed = typedCase(cases[index]!);
      for (const scope of typed.model.scopes()) for (const node of scope.nodes()) disturb(node, pick);
      const inputs: Record<string, ValueType> = {};
      for (const { name, type } of typed.model.graph.inputs) {
        if (type?.kind === 'tensor' && pick(fc.boolean())) inputs[name] = tensorType(type.dtype, pick(shape));
      }
      const types = inferTypes(typed.model, { inputs, ...(pick(fc.boolean()) ? { data: typed.data } : {}) });
      for (const value of typed.model.graph.values()) {
        for (const size of types.shapeOf(value) ?? []) {
          if (typeof size === 'number') expect(Number.isSafeInteger(size)).toBe(true);
        }
      }
    }),
    // Shrinking what hundreds of draws made would take more memory than the machine has.
    { numRuns: 4000, seed: 1, endOnFailure: true },
  );
});

/** Calls that once upset an inference somewhere: lists shorter than the rank, zero strides, ranks that do not fit. */
const calls: readonly [string, (g: GraphBuilder) => void, string][] = [
  ['short pads', (g) => conv(g, { pads: [1] }), 'pads: expected 4 elements, received [1]'],
  ['stride 0', (g) => conv(g, { strides: [0, 1] }), 'strides: expected sizes > 0, received [0,1]'],
  ['group 0', (g) => conv(g, { group: 0 }), 'group: expected an integer > 0, received 0'],
  [
    'kernel too large',
    (g) => conv(g, { kernel_shape: [2 ** 31, 3] }),
    'input: expected a size >= kernel 2147483648, received 8',
  ],
  [
    'axis too large',
    (g) => g.op('Softmax', [g.op('Flatten', [x(g)], { axis: 9 })]),
    'axis: expected an integer in [-4, 4), received 9',
  ],
  [
    'perm with repeats',
    (g) => g.op('Transpose', [x(g)], { perm: [0, 0, 1, 2] }),
    'axes: expected distinct axes, received [0,0,1,2]',
  ],
  [
    'two -1',
    (g) => g.op('Reshape', [x(g), g.constant([-1, -1])]),
    'shape: expected sizes >= 0 and at most one -1, received [-1,-1]',
  ],
  ['rank 0', (g) => g.op('MatMul', [g.input('s', 'float32', []), x(g)]), 'inputs: expected rank >= 1, received []'],
  [
    'no channels',
    (g) => g.op('Conv', [g.input('s', 'float32', [1]), x(g)]),
    'input 0: expected rank >= 3, received [1]',
  ],
  [
    'as many axes',
    (g) => g.op('Unsqueeze', [x(g), g.input('t', 'int64', [2 ** 40])]),
    'input 1: expected at most 256 elements, received 1099511627776',
  ],
  [
    'a huge target',
    (g) => g.op('Expand', [x(g), g.input('t', 'int64', [2 ** 40])]),
    'input 1: expected at most 256 elements, received 1099511627776',
  ],
];

const x = (g: GraphBuilder) => g.input('x', 'float32', [1, 4, 8, 8]);

function conv(g: GraphBuilder, attributes: Record<string, number | number[]>): void {
  g.op('Conv', [x(g), g.input('w', 'float32', [2, 4, 3, 3])], attributes);
}

test.each(calls)('%s is one clear warning', (_, build, message) => {
  const g = new GraphBuilder('net');
  build(g);
  expect(inferTypes(g.model()).warnings).toEqual([expect.stringContaining(message)]);
});

test('sizes whose product is too large are refused, not rounded', () => {
  const g = new GraphBuilder('net');
  const y = g.op('Flatten', [g.input('x', 'float32', [2, 2 ** 40, 2 ** 40])]);
  const types = inferTypes(g.output(y).model());
  expect(types.typeOf(y)).toBeUndefined();
  expect(types.warnings).toHaveLength(1);
});
