import fc from 'fast-check';
import { type AttributeValue, attribute } from '../ir/attribute.js';
import { type Dim, symbol } from '../ir/dim.js';
import { Graph } from '../ir/graph.js';
import { Model } from '../ir/model.js';
import { Tensor } from '../ir/tensor.js';
import { tensorType, type ValueType } from '../ir/value-type.js';
import { inferTypes } from './index.js';
import { ruleKinds } from './registry.js';

const NUMBERS = [-(2 ** 53) + 1, -(2 ** 31), -2, -1, 0, 1, 2, 3, 4, 7, 2 ** 31 - 1, 2 ** 52, 2 ** 53 - 1];
const number = fc.constantFrom(...NUMBERS);
const dim: fc.Arbitrary<Dim> = fc.oneof(
  fc.constantFrom(0, 1, 2, 3, 4, 8, 2 ** 31, 2 ** 53 - 1, undefined),
  fc.constantFrom('n', 'm').map(symbol),
);
const dtype = fc.constantFrom('float32', 'int64', 'int32', 'uint8', 'bool', 'string', 'float6e2m3', undefined);
const tensor = fc
  .tuple(dtype, fc.option(fc.array(dim, { maxLength: 6 }), { nil: undefined }))
  .map(([type, shape]): ValueType => tensorType(type, shape));
const type: fc.Arbitrary<ValueType | undefined> = fc.oneof(
  { weight: 8, arbitrary: tensor },
  tensor.map((element): ValueType => ({ kind: 'sequence', element })),
  tensor.map((element): ValueType => ({ kind: 'optional', element })),
  fc.constantFrom<ValueType | undefined>(undefined, { kind: 'opaque' }),
);
/** Absent, a type, or a list or scalar of constants. */
const operand = fc.oneof(
  { weight: 6, arbitrary: type.map((value) => ({ type: value })) },
  fc.constant(undefined),
  fc.array(number, { maxLength: 6 }).map((values) => Tensor.fromNumbers('int64', [values.length], values)),
  number.map((value) => Tensor.fromNumbers('int64', [], [value])),
);
const NAMES = [
  ...[
    'axis',
    'axes',
    'perm',
    'pads',
    'strides',
    'dilations',
    'kernel_shape',
    'output_shape',
    'output_padding',
    'group',
  ],
  ...['num_heads', 'kv_num_heads', 'q_num_heads', 'hidden_size', 'blocksize', 'k', 'split', 'num_outputs', 'keepdims'],
  ...['to', 'dtype', 'output_dtype', 'K', 'N', 'bits', 'block_size', 'transA', 'transB', 'start', 'end', 'batch_dims'],
  ...['num_scan_inputs', 'qkv_hidden_sizes', 'state_window', 'max_ngram_size', 'v_head_size', 'size', 'step', 'scales'],
  ...[
    'ceil_mode',
    'layout',
    'ndim',
    'vocab_size',
    'noop_with_empty_axes',
    'pooled_shape',
    'sample_size',
    'starts',
    'ends',
  ],
];
const attributes: fc.Arbitrary<Record<string, AttributeValue>> = fc.dictionary(
  fc.constantFrom(...NAMES),
  fc.oneof(
    number.map(attribute.int),
    fc.array(number, { maxLength: 5 }).map(attribute.ints),
    fc.constantFrom('SAME_UPPER', 'VALID', 'ij,jk', 'bidirectional').map(attribute.string),
  ),
  { maxKeys: 6 },
);

test('whatever any operator is given, inference ends in types or warnings, and sizes are sizes', () => {
  const kinds = ruleKinds();
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      fc.constantFrom(7, 9, 11, 13, 18, 21, 28),
      fc.array(operand, { maxLength: 8 }),
      attributes,
      (kind, opset, operands, given) => {
        const [domain = '', op = ''] = kind.split('::');
        const graph = new Graph('fuzz');
        const inputs = operands.map((item, index) => {
          if (item instanceof Tensor) return graph.addInitializer(`c${index}`, item);
          return item && graph.addInput(`x${index}`, item.type);
        });
        const node = graph.add({ op, domain, inputs, outputs: ['y0', 'y1', 'y2', 'y3'], attributes: given });
        const opsets = new Map<string, number>([['', opset]]);
        if (domain !== '') opsets.set(domain, domain === 'ai.onnx.ml' ? 5 : 1);
        const types = inferTypes(new Model({ irVersion: 10, opsets, graph }));
        for (const value of node.outputs) {
          for (const size of (value && types.shapeOf(value)) ?? []) {
            if (typeof size === 'number') expect(Number.isSafeInteger(size) && size >= 0).toBe(true);
          }
        }
      },
    ),
    { numRuns: 20_000, seed: 1, endOnFailure: true },
  );
});
