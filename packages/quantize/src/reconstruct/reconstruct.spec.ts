import { GraphBuilder, inferTypes, type Model, Tensor, type Value } from '@gossamer/graph';
import { dataFromArrays, Session } from '@gossamer/runtime';
import { normalLike } from '../testing/problem.js';
import { dequantizeMatrix } from '../grid/quantized-matrix.js';
import { reconstruct, type ReconstructOptions } from './reconstruct.js';
import { roundWeights } from './round-weights.js';
import { cutUnits } from './units.js';

const SAMPLES = 48;
const images = Tensor.of('float32', [SAMPLES, 3, 6, 6], normalLike(SAMPLES * 108, 1));
const data = () => dataFromArrays({ x: images });

/** Conv, a residual block with a grouped convolution, pooling, Gemm. */
function residualNet(): Model {
  const g = new GraphBuilder('net', { opset: 17 });
  const weight = (dims: readonly number[], seed: number) => {
    const length = dims.reduce((a, b) => a * b, 1);
    const data = normalLike(length, seed).map((value) => value / Math.sqrt(length / dims[0]!));
    return g.graph.addInitializer(`w${seed}`, Tensor.of('float32', dims, data));
  };
  const conv = (x: Value, dims: readonly number[], seed: number, group = 1) =>
    g.op('Conv', [x, weight(dims, seed)], { pads: [1, 1, 1, 1], group }, { name: `conv${seed}` });
  const x = g.input('x', 'float32', ['n', 3, 6, 6]);
  const stem = g.op('Relu', [conv(x, [8, 3, 3, 3], 11)]);
  const branch = conv(g.op('Relu', [conv(stem, [8, 8, 3, 3], 12)]), [8, 4, 3, 3], 13, 2);
  const sum = g.op('Relu', [g.op('Add', [branch, stem])]);
  const flat = g.op('Flatten', [g.op('GlobalAveragePool', [sum])]);
  const logits = g.op('Gemm', [flat, weight([8, 5], 14)], {}, { name: 'fc' });
  return g.output(logits, 'logits', 'float32', ['n', 5]).model();
}

async function errorOf(model: Model): Promise<number> {
  const run = async (of: Model) => {
    const session = await Session.open(of);
    const { logits } = await session.run({ x: images });
    await session.dispose();
    return logits!.toFloat32();
  };
  const [a, b] = [await run(residualNet()), await run(model)];
  return a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0);
}

const options = (changes: Partial<ReconstructOptions> = {}): ReconstructOptions => ({
  ...{ data: data(), weights: 'uint2', iterations: 60, batchSize: 16, threads: 1 },
  ...changes,
});

test('residual blocks stay whole, and every layer is a unit where that is asked for', () => {
  const model = residualNet();
  const layers = new Set([...model.graph.nodes()].filter(({ op }) => op === 'Conv' || op === 'Gemm'));
  const ops = (blocks: 'auto' | 'layer') =>
    cutUnits(model, layers, inferTypes(model), blocks).map((nodes) => nodes.map(({ op }) => op).join(' '));
  expect(ops('auto')).toEqual(['Conv Relu', 'Conv Relu Conv Add Relu GlobalAveragePool Flatten', 'Gemm']);
  expect(ops('layer')).toEqual(['Conv Relu', 'Conv Relu', 'Conv Add Relu GlobalAveragePool Flatten', 'Gemm']);
});

describe('reconstruction', () => {
  it.each([
    ['BRECQ', {}],
    ['AdaRound, layer by layer', { blocks: 'layer' }],
    ['QDrop', { drop: 0.5 }],
    ['weighted by the Fisher information', { importance: 'fisher' }],
    ['on levels, codes in blocks', { weights: 'nf4', granularity: 16 }],
  ] as const)('%s: units are nearer to the float model than rounded to nearest, or stay that', async (_, changes) => {
    const before = residualNet();
    const wanted = options(changes);
    const result = await reconstruct(before, wanted);
    const { weights, granularity = 'row' } = wanted;
    const nearest = await roundWeights(before, { weights, granularity });
    expect(result.units.some(({ kept }) => kept === 'learned')).toBe(true);
    expect(result.left).toEqual([]);
    expect(result.units.every((unit) => (unit.kept === 'learned') === unit.learned < unit.nearest)).toBe(true);
    expect(result.units.flatMap(({ layers }) => layers)).toHaveLength(4);
    // The same grids, each weight on one of its two neighbours, and the model holds what the codes stand for.
    for (const [layer, matrices] of result.weights) {
      const others = nearest.weights.get(layer)!;
      matrices.forEach(({ grid, codes }, group) => {
        expect(grid).toEqual(others[group]!.grid);
        codes.forEach((code, i) => expect(Math.abs(code - others[group]!.codes[i]!)).toBeLessThanOrEqual(1));
      });
    }
    const grouped = result.weights.get('conv13')!;
    expect(grouped).toHaveLength(2);
    const node = [...result.model.graph.nodes()].find(({ name }) => name === 'conv13')!;
    expect(node.input(1)!.constant!.toFloat32()).toEqual(
      Float32Array.from(grouped.flatMap((matrix) => [...dequantizeMatrix(matrix)])),
    );
    expect(before.graph.value('w11')!.constant!.toFloat32()).toEqual(
      residualNet().graph.value('w11')!.constant!.toFloat32(),
    );
  });

  it('BRECQ leaves the net a smaller error than round to nearest on the same grid', async () => {
    const { model } = await reconstruct(residualNet(), options({ iterations: 200 }));
    const nearest = await roundWeights(residualNet(), { weights: 'uint2' });
    expect(await errorOf(model)).toBeLessThan(await errorOf(nearest.model));
  });

  it('is the same for the same seed', async () => {
    const codes = async (seed: number) => {
      const { weights } = await reconstruct(residualNet(), options({ seed, drop: 0.5, iterations: 4 }));
      return [...weights.values()].flatMap((matrices) => matrices.map((matrix) => matrix.codes));
    };
    expect(await codes(1)).toEqual(await codes(1));
    expect(await codes(1)).not.toEqual(await codes(2));
  });

  it('leaves layers alone that were not asked for', async () => {
    const layers = ({ op }: { op: string }) => op !== 'Gemm';
    const { weights, model } = await reconstruct(residualNet(), options({ layers, iterations: 5 }));
    expect([...weights.keys()]).toHaveLength(3);
    expect(model.graph.value('w14')!.constant!.hash()).toBe(residualNet().graph.value('w14')!.constant!.hash());
  });

  it('refuses options out of range, and can be stopped', async () => {
    for (const changes of [{ drop: 2 }, { iterations: 0 }, { batchSize: 1.5 }, { weights: 'int1' }]) {
      await expect(reconstruct(residualNet(), options(changes))).rejects.toMatchObject({ code: 'ERR_QUANTIZE_OPTION' });
    }
    const abort = new AbortController();
    const onProgress = ({ done }: { done: number }) => done > 3 && abort.abort(new Error('enough'));
    await expect(reconstruct(residualNet(), options({ signal: abort.signal, onProgress }))).rejects.toThrow('enough');
  });
});

describe('algorithms layer by layer', () => {
  it.each(['importance', 'adaround'])('%s takes moments behind the quantized layers', async (algorithm) => {
    const nearest = await roundWeights(residualNet(), { weights: 'uint2' });
    const result = await roundWeights(residualNet(), { weights: 'uint2', algorithm, data: data(), threads: 1 });
    expect([...result.weights.keys()]).toEqual([...nearest.weights.keys()]);
    if (algorithm === 'adaround') expect(await errorOf(result.model)).toBeLessThan(await errorOf(nearest.model));
    await expect(roundWeights(residualNet(), { weights: 'uint2', algorithm })).rejects.toMatchObject({
      code: 'ERR_QUANTIZE_OPTION',
    });
  });
});
