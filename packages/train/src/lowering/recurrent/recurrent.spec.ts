import { attribute, type PlainAttribute, Tensor, type Value } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import type { Emitter } from '../../emit/emitter.js';
import { checkGradient, emptyEmitter, sampleNumbers } from '../../testing/check-gradient.js';
import { lowered } from '../../testing/lowered.js';

interface Case {
  readonly op: 'LSTM' | 'GRU' | 'RNN';
  readonly attributes?: Readonly<Record<string, PlainAttribute>>;
  readonly bias?: boolean;
  readonly initial?: boolean;
  readonly peepholes?: boolean;
  readonly lengths?: readonly number[];
}

const [BATCH, SIZE, HIDDEN] = [2, 1, 2];
const GATES = { LSTM: 4, GRU: 3, RNN: 1 };

function shapesOf({ op, attributes, bias, initial, peepholes }: Case, steps: number): Record<string, number[]> {
  const directions = attributes?.['direction'] === 'bidirectional' ? 2 : 1;
  const isBatchFirst = attributes?.['layout'] === 1;
  const rows = GATES[op] * HIDDEN;
  const state = isBatchFirst ? [BATCH, directions, HIDDEN] : [directions, BATCH, HIDDEN];
  return {
    x: isBatchFirst ? [BATCH, steps, SIZE] : [steps, BATCH, SIZE],
    w: [directions, rows, SIZE],
    r: [directions, rows, HIDDEN],
    ...(bias ? { b: [directions, 2 * rows] } : {}),
    ...(initial ? { h: state } : {}),
    ...(initial && op === 'LSTM' ? { c: state } : {}),
    ...(peepholes ? { p: [directions, 3 * HIDDEN] } : {}),
  };
}

function emit(g: Emitter, { op, attributes, lengths }: Case, v: Readonly<Record<string, Value>>): Value[] {
  const lens = lengths && g.constant(lengths, 'int32');
  return g.ops(
    op,
    [v['x'], v['w'], v['r'], v['b'], lens, v['h'], v['c'], v['p']],
    { hidden_size: HIDDEN, ...attributes },
    {
      outputs: op === 'LSTM' ? 3 : 2,
    },
  );
}

const CASES: readonly [string, Case][] = [
  ['LSTM', { op: 'LSTM' }],
  ['LSTM with all inputs', { op: 'LSTM', bias: true, initial: true, peepholes: true }],
  [
    'LSTM both ways, batch first',
    { op: 'LSTM', attributes: { direction: 'bidirectional', layout: 1 }, bias: true, initial: true },
  ],
  [
    'LSTM with coupled gates, backward',
    { op: 'LSTM', attributes: { input_forget: 1, direction: 'reverse' }, initial: true },
  ],
  [
    'LSTM with lengths, both ways',
    { op: 'LSTM', attributes: { direction: 'bidirectional' }, lengths: [1, 2], initial: true },
  ],
  [
    'LSTM with other activations',
    {
      op: 'LSTM',
      attributes: {
        activations: attribute.strings(['HardSigmoid', 'Softsign', 'ScaledTanh']),
        activation_alpha: attribute.floats([0.25, 1.5]),
        activation_beta: attribute.floats([0.5, 0.5]),
      },
    },
  ],
  ['GRU', { op: 'GRU', bias: true }],
  ['GRU both ways', { op: 'GRU', attributes: { direction: 'bidirectional' }, bias: true, initial: true }],
  ['GRU, linear before reset', { op: 'GRU', attributes: { linear_before_reset: 1 }, bias: true }],
  [
    'GRU, linear before reset, batch first',
    { op: 'GRU', attributes: { linear_before_reset: 1, layout: 1 }, initial: true },
  ],
  ['GRU with lengths, backward', { op: 'GRU', attributes: { direction: 'reverse' }, lengths: [1, 2] }],
  ['RNN', { op: 'RNN', bias: true, initial: true }],
  [
    'RNN of Affine and LeakyRelu',
    {
      op: 'RNN',
      attributes: {
        direction: 'bidirectional',
        activations: attribute.strings(['Affine', 'LeakyRelu']),
        activation_alpha: attribute.floats([0.5, 0.1]),
        activation_beta: attribute.floats([0.25]),
      },
    },
  ],
];

test.each(CASES)('%s: what it is lowered to computes the same', (_, spec) => {
  const g = emptyEmitter();
  const shapes = shapesOf(spec, 3);
  const values = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, g.input(name, 'float32', shape)]),
  );
  const outputs = emit(g, spec, values);
  lowered(g, outputs[0]!).forEach((value, i) => value && g.output(value, `lowered${i}`));
  outputs.forEach((value, i) => g.output(value, `expected${i}`));
  const feeds = Object.fromEntries(
    Object.entries(shapes).map(([name, shape], i) => [
      name,
      Tensor.of(
        'float64',
        shape,
        sampleNumbers(
          shape.reduce((a, b) => a * b, 1),
          i,
        ),
      ),
    ]),
  );
  const results = evaluate(g.model, feeds, { precision: 'float64' });
  outputs.forEach((_, i) => {
    const expected = results[`expected${i}`]!.toFloat64();
    // Three steps of sums of up to four products below 2 in float64, in another order.
    results[`lowered${i}`]!.toFloat64().forEach((value, j) =>
      expect(Math.abs(value - expected[j]!)).toBeLessThan(1e-13),
    );
  });
});

test.each(CASES)('gradients of %s', (_, spec) => {
  const inputs = Object.fromEntries(Object.entries(shapesOf(spec, 2)).map(([name, shape]) => [name, { shape }]));
  checkGradient(inputs, (g, values) => {
    const made = lowered(g, emit(g, spec, values)[0]!);
    const flat = made.flatMap((value) => (value ? [g.reshape(value, [g.size(value)])] : []));
    return g.concat(flat, 0);
  });
});

test('clip is refused', () => {
  const g = emptyEmitter();
  const spec: Case = { op: 'RNN', attributes: { clip: attribute.float(3) } };
  const values = Object.fromEntries(
    Object.entries(shapesOf(spec, 1)).map(([name, shape]) => [name, g.input(name, 'float32', shape)]),
  );
  expect(() => lowered(g, emit(g, spec, values)[0]!)).toThrow(
    expect.objectContaining({ code: 'ERR_TRAINING_FORM' }) as Error,
  );
});

test.each([
  ['three for two directions', ['Sigmoid', 'Tanh', 'Tanh'], 'bidirectional'],
  ['a name that only objects have', ['constructor', 'Tanh', 'Tanh'], 'forward'],
])('activations are refused: %s', (_, activations, direction) => {
  const g = emptyEmitter();
  const rows = direction === 'forward' ? 1 : 2;
  const [x, w] = [g.input('x', 'float32', [3, 1, 2]), g.input('w', 'float32', [rows, 8, 2])];
  const attributes = { hidden_size: 2, direction, activations: attribute.strings(activations) };
  const [y] = g.ops('LSTM', [x, w, w], attributes, { outputs: 3 });
  expect(() => lowered(g, y!)).toThrow(expect.objectContaining({ code: 'ERR_TRAINING_FORM' }) as Error);
});
