import { InferenceSession } from 'onnxruntime-node';
import { GraphBuilder } from '../../builder.js';
import { checkGraph } from '../../ir/check.js';
import type { Model } from '../../ir/model.js';
import { Tensor } from '../../ir/tensor.js';
import { parseModel, serializeModel } from '../../onnx/index.js';
import { weightViews } from '../../weights/index.js';
import { upgradeOpset } from '../upgrade/upgrade-opset.js';
import { applyPasses, kinds } from '../testing/check-pass.js';
import { expectEqualBits } from '../testing/compare.js';
import { runOnce } from '../testing/ort-session.js';
import { randomTensor } from '../testing/random.js';

/** x·w + b as exporters of 2018 wrote it: weights are listed as inputs, behind the input proper. */
function exported(irVersion: number): Model {
  const g = new GraphBuilder('net', { opset: 8, irVersion });
  const x = g.input('x', 'float32', ['n', 4]);
  const weight = (name: string, dims: readonly number[]) => {
    const value = g.input(name, 'float32', dims);
    g.graph.setInitializer(value, randomTensor(dims, dims.length));
    return value;
  };
  const scale = weight('scale', [3]);
  const bias = g.op('Mul', [scale, scale]);
  g.output(g.op('Add', [g.op('MatMul', [x, weight('w', [4, 3])]), bias]), 'y', 'float32', ['n', 3]);
  // As read from a file: entries of inputs and initializers go together.
  return parseModel(serializeModel(g.model()));
}

const feeds = [1, 3].map((n) => ({ x: randomTensor([n, 4], n) }));

async function inputNames(model: Model): Promise<readonly string[]> {
  const session = await InferenceSession.create(serializeModel(model), { logSeverityLevel: 4 });
  const names = session.inputNames;
  await session.release();
  return names;
}

test('weights that IR version 3 lists as inputs are constant: folded, fused and seen as weights', async () => {
  const model = exported(3);
  const { model: result, applied, warnings } = applyPasses(model, 'default');
  expect(applied[0]).toEqual({ pass: 'inputs-to-initializers', changes: 2 });
  expect(warnings).toEqual([
    '2 initializers were inputs too, as IR version 3 demands: now they are constant (IR version 4)',
  ]);
  expect([result.irVersion, result.graph.inputs.map(String)]).toEqual([4, ['x']]);
  expect(kinds(result)).toEqual(['Gemm']);
  expect([weightViews(model).length, weightViews(result).length]).toEqual([0, 1]);
});

test('alone it is exact, and callers in ONNX Runtime see the same inputs before and after', async () => {
  const model = exported(3);
  const { model: result } = applyPasses(model, ['inputs-to-initializers']);
  expect(await inputNames(result)).toEqual(await inputNames(model));
  for (const fed of feeds) expectEqualBits(await runOnce(result, fed), await runOnce(model, fed));
  const written = parseModel(serializeModel(result));
  checkGraph(written.graph);
  expect([...written.graph.values()].filter((value) => value.initializer && value.type)).toEqual([]);
});

test('ONNX Runtime never lets a caller replace them', async () => {
  const zero = { ...feeds[0]!, w: Tensor.fromNumbers('float32', [4, 3], new Float32Array(12)) };
  expectEqualBits(await runOnce(exported(3), zero), await runOnce(exported(3), feeds[0]!));
});

test('from IR version 4 on they are defaults that a caller may replace, and stay', () => {
  const { model, applied, warnings } = applyPasses(exported(4), ['inputs-to-initializers', 'fold-constants']);
  expect(applied).toEqual([]);
  expect(model.graph.inputs.map(String)).toEqual(['x', 'scale', 'w']);
  expect(warnings).toEqual([
    '2 initializers are inputs too: a caller may replace them, so they are not taken as constant',
  ]);
});

test('freeze-default-inputs takes them too, and names them', async () => {
  const model = exported(7);
  const { model: result, warnings } = applyPasses(model, ['freeze-default-inputs', 'fold-constants']);
  expect(result.graph.inputs.map(String)).toEqual(['x']);
  expect(warnings).toEqual(
    ['scale', 'w'].map((name) => `input ${name}: now a constant, which callers can no longer replace`),
  );
  expect(result.irVersion).toBe(7);
  for (const fed of feeds) expectEqualBits(await runOnce(result, fed), await runOnce(model, fed));
});

test('an input that carries state stays one', () => {
  const g = new GraphBuilder('net', { opset: 8, irVersion: 3 });
  const state = g.input('state', 'float32', [2]);
  g.graph.setInitializer(state, randomTensor([2], 1));
  g.output(g.op('Neg', [state]), 'next', 'float32', [2]);
  const model = g.model();
  model.graph.linkState(state, model.graph.value('next')!);
  const { applied, model: result } = applyPasses(model, ['inputs-to-initializers']);
  expect(applied).toEqual([]);
  expect(result.graph.state).toHaveLength(1);
});

test('an opset upgrade past IR version 4 leaves them constant too', async () => {
  const model = exported(3);
  const raised = upgradeOpset(model, 13);
  checkGraph(raised.graph);
  expect([raised.irVersion, raised.graph.inputs.map(String)]).toEqual([7, ['x']]);
  expect(raised.warnings).toEqual(['2 initializers were inputs too, as IR version 3 demands: now they are constant']);
  for (const fed of feeds) expectEqualBits(await runOnce(raised, fed), await runOnce(model, fed));
});
