import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { attribute, GraphBuilder, type Model, type Value } from '@gossamer/graph';
import { parseModel } from '@gossamer/graph/onnx';
import { wav2Vec2 } from '@gossamer/graph/zoo';
import { dataFromArrays } from '@gossamer/runtime';
import { noise } from '../testing/check-removal.js';
import { runOrt } from '../testing/ort.js';
import { pruneStructure } from './prune-structure.js';

const HIDDEN = 16;

/** Two layers in each branch of an If, which is taken by the sign of the input. */
function eitherWay(): Model {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', [2, 8]);
  const bodies = ['then', 'else'].map((name) => new GraphBuilder(name));
  const [then_branch, else_branch] = bodies.map(({ graph }) => attribute.graph(graph));
  const sum = g.op('ReduceSum', [x], { keepdims: 0 });
  const condition = g.op('Greater', [sum, g.constant(0, 'float32')]);
  const y = g.op('If', [condition], { then_branch: then_branch!, else_branch: else_branch! }, { name: 'choice' });
  bodies.forEach((body, i) => {
    const dense = (value: Value, from: number, to: number, seed: number) =>
      body.op('MatMul', [value, body.weight('w', [from, to], noise([from, to], seed).toFloat32())]);
    const hidden = body.op('Relu', [dense(x, 8, HIDDEN, 10 * i + 1)]);
    body.graph.addOutput(dense(hidden, HIDDEN, 4, 10 * i + 2));
  });
  return g.output(y, 'y', 'float32', [2, 4]).model();
}

const positive = noise([2, 8], 5);
const data = dataFromArrays({ x: positive });
const options = { pattern: 'neuron', sparsity: 0.4, grid: 'none', threads: 1 } as const;

test.each(['magnitude-l1', 'magnitude-l2', 'geometric-median', 'ablation'])(
  '%s takes units out of branches, each by itself',
  async (criterion) => {
    const model = eitherWay();
    const { model: small, report } = await pruneStructure(model, { ...options, criterion, data });
    expect(report.groups.map(({ had }) => had)).toEqual([HIDDEN, HIDDEN]);
    expect(report.parameters.after).toBeLessThan(0.65 * report.parameters.before);
    expect(report.warnings).toEqual([]);
    const { y } = await runOrt(small, { x: positive });
    expect(y!.dims).toEqual([2, 4]);
  },
);

test('ablation measures the branch that is taken: units of the other one are worth nothing', async () => {
  const { report } = await pruneStructure(eitherWay(), {
    ...{ ...options, criterion: 'ablation', allocation: 'global', of: 'parameters', data },
  });
  // 13 of the 32 units, 12 weights each, are 0.4 of the parameters.
  expect(report.groups.map(({ kept }) => kept).sort((a, b) => a - b)).toEqual([3, HIDDEN]);
});

test('entropy looks at activations, which do not come out of branches: left, and said', async () => {
  const { report } = await pruneStructure(eitherWay(), { ...options, criterion: 'entropy', data });
  for (const { kept, reason } of report.groups) {
    expect(kept).toBe(HIDDEN);
    expect(reason).toMatch(/^entropy: does not see into bodies of control flow/);
  }
  expect(report.warnings).toEqual([expect.stringMatching(/^sparsity: expected 0\.4 of the macs to go/)]);
});

test('a share of MACs of which none is known is refused, a share of parameters is not', async () => {
  const path = join(__dirname, '../../../../node_modules/@ricky0123/vad-web/dist/silero_vad_v5.onnx');
  const model = parseModel(readFileSync(path));
  const share = { pattern: 'channel', sparsity: 0.2, threads: 1 } as const;
  await expect(pruneStructure(model, share)).rejects.toMatchObject({
    code: 'ERR_PRUNE_OPTION',
    message: expect.stringMatching(
      /^of: expected 'parameters', or sizes to bind, for a model of \d+ layers whose shapes/,
    ) as string,
  });
  const { report } = await pruneStructure(model, { ...share, of: 'parameters' });
  expect(report.parameters.after).toBeLessThanOrEqual(0.8 * report.parameters.before);
});

test('MACs are counted at the sizes that are bound', async () => {
  const model = wav2Vec2({ channels: 16, layers: 1, width: 32, heads: 4 });
  const options = { pattern: ['channel', 'ffn'], sparsity: 0.3, threads: 1 } as const;
  await expect(pruneStructure(model, options)).rejects.toMatchObject({ code: 'ERR_PRUNE_OPTION' });
  const { report } = await pruneStructure(model, { ...options, bind: { time: 16_000 } });
  expect(report.macs.before).toBeGreaterThan(1e6);
  expect(report.macs.after).toBeLessThanOrEqual(0.7 * report.macs.before);
  expect(report.warnings).toEqual([]);
});
