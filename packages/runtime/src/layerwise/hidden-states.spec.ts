import { GraphBuilder, Tensor, toAttribute, type WeightView } from '@gossamer/graph';
import { dataFromArrays } from '../data/array-source.js';
import { type InputMoments, inputMoments } from './input-moments.js';
import { layerwise } from './layerwise.js';
import { layersOf } from './testing/compare.js';

const wave = (length: number, phase = 0): Float32Array =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * i * 0.37 + i + phase));

const [LENGTH, SEQUENCES, WIDTH, HIDDEN] = [5, 3, 4, 2];

interface Case {
  readonly op: string;
  readonly direction: string;
  readonly lengths?: readonly number[];
  readonly initial?: boolean;
  readonly attributes?: Readonly<Record<string, number>>;
}

/** A recurrent layer of which only the last state is read. */
function layer({ op, direction, lengths, initial, attributes = {} }: Case) {
  const g = new GraphBuilder('recurrent');
  const directions = direction === 'bidirectional' ? 2 : 1;
  const gates = { LSTM: 4, GRU: 3, RNN: 1 }[op]! * HIDDEN;
  const x = g.input('x', 'float32', [LENGTH, SEQUENCES, WIDTH]);
  const w = g.weight('w', [directions, gates, WIDTH], wave(directions * gates * WIDTH));
  const r = g.weight('r', [directions, gates, HIDDEN], wave(directions * gates * HIDDEN, 1));
  const start = wave(directions * SEQUENCES * HIDDEN, 2);
  const inputs = [
    ...[x, w, r, undefined],
    lengths && g.constant(lengths, 'int32'),
    initial ? g.weight('h0', [directions, SEQUENCES, HIDDEN], start) : undefined,
  ];
  const given = Object.entries({ hidden_size: HIDDEN, direction, ...attributes });
  const node = g.graph.add({
    op,
    inputs,
    outputs: [undefined, 'last'],
    attributes: Object.fromEntries(given.map(([name, value]) => [name, toAttribute(value)])),
  });
  g.output(node.outputs[1]!, 'y');
  return { model: g.model(), directions, start };
}

async function recurrentMoments(given: Case, streams: 'quantized' | 'both' = 'quantized') {
  const { model } = layer(given);
  const data = dataFromArrays({
    x: Tensor.of('float32', [1, LENGTH, SEQUENCES, WIDTH], wave(LENGTH * SEQUENCES * WIDTH, 3)),
  });
  const found: [WeightView, InputMoments | undefined][] = [];
  for await (const step of await layerwise(model, layersOf(model), data, { streams })) {
    if (streams === 'both') step.setWeight(step.views[0]!, step.views[0]!.toFloat32().fill(0));
    found.push(...(await inputMoments(step, step.views, { cross: streams === 'both' })));
  }
  expect(found.map(([{ role }]) => role)).toEqual(['weight', 'recurrent']);
  return found.map(([, moments]) => moments);
}

/** States before each step of h' = tanh(W x + R h), by definition: [direction][vector][hidden]. */
function statesOf(given: Case): number[][][] {
  const { directions, start } = layer(given);
  const x = wave(LENGTH * SEQUENCES * WIDTH, 3);
  const w = wave(directions * HIDDEN * WIDTH);
  const r = wave(directions * HIDDEN * HIDDEN, 1);
  return Array.from({ length: directions }, (_, d) => {
    const before: number[][] = [];
    for (let s = 0; s < SEQUENCES; s++) {
      const length = given.lengths?.[s] ?? LENGTH;
      let h = Array.from({ length: HIDDEN }, (__, i) => (given.initial ? start[(d * SEQUENCES + s) * HIDDEN + i]! : 0));
      for (let step = 0; step < length; step++) {
        const t = given.direction === 'reverse' || d === 1 ? length - 1 - step : step;
        before.push(h);
        const old = h;
        h = old.map((__, i) => {
          let sum = 0;
          for (let j = 0; j < WIDTH; j++) sum += w[(d * HIDDEN + i) * WIDTH + j]! * x[(t * SEQUENCES + s) * WIDTH + j]!;
          for (let j = 0; j < HIDDEN; j++) sum += r[(d * HIDDEN + i) * HIDDEN + j]! * old[j]!;
          return Math.tanh(sum);
        });
      }
    }
    return before;
  });
}

test.each<Case>([
  { op: 'RNN', direction: 'forward' },
  { op: 'RNN', direction: 'reverse', initial: true },
  { op: 'RNN', direction: 'bidirectional', initial: true },
  { op: 'RNN', direction: 'bidirectional', lengths: [5, 2, 4] },
  { op: 'RNN', direction: 'bidirectional', lengths: [1, 5, 3], initial: true },
])('R of $op, $direction', async (given) => {
  const [ofInput, moments] = await recurrentMoments(given);
  const expected = statesOf(given);
  expect(moments!.second).toHaveLength(expected.length);
  for (const [direction, states] of expected.entries()) {
    expect([moments!.count, ofInput!.count]).toEqual([states.length, states.length]);
    for (let i = 0; i < HIDDEN; i++) {
      for (let j = 0; j < HIDDEN; j++) {
        const mean = states.reduce((sum, h) => sum + h[i]! * h[j]!, 0) / states.length;
        // Products of numbers within [-1, 1]: off by 2^-16, and the states by the float32 of at most five steps.
        expect(Math.abs(moments!.second[direction]![i * HIDDEN + j]! - mean)).toBeLessThan(2 ** -15);
      }
    }
  }
});

test('R of LSTM, and of GRU where the state is multiplied as it is; of another GRU it is not known', async () => {
  const [, lstm] = await recurrentMoments({ op: 'LSTM', direction: 'forward' });
  expect(lstm!.count).toBe(LENGTH * SEQUENCES);
  const attributes = { linear_before_reset: 1 };
  expect((await recurrentMoments({ op: 'GRU', direction: 'forward', attributes }))[1]).toBeDefined();
  expect((await recurrentMoments({ op: 'GRU', direction: 'forward' }))[1]).toBeUndefined();
});

test('streams differ by the weights: states are 0 with a W of 0', async () => {
  const [, moments] = await recurrentMoments({ op: 'RNN', direction: 'forward' }, 'both');
  expect([...moments!.second[0]!, ...moments!.cross![0]!]).toEqual(new Array(2 * HIDDEN * HIDDEN).fill(0));
  const [states] = statesOf({ op: 'RNN', direction: 'forward' });
  const mean = states!.reduce((sum, h) => sum + h[0]!, 0) / states!.length;
  expect(moments!.floatMean![0]![0]!).toBeCloseTo(mean, 5);
});
