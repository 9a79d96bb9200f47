import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphBuilder, Tensor } from '@gossamer/graph';
import { saveModel } from '@gossamer/graph/onnx';
import { saveSafetensors } from '@gossamer/graph/safetensors';
import { dataFromArrays } from '@gossamer/runtime';
import { convert, loadAnyModel, saveConverted } from './convert.js';
import { loadModel, OnnxModel } from './onnx-model.js';

const folder = mkdtempSync(join(tmpdir(), 'gossamer-convert-'));
afterAll(() => rmSync(folder, { recursive: true }));

const values = (length: number, factor = 1) => Float32Array.from({ length }, (_, i) => factor * Math.sin(i * 1.3));

/** A product whose result is large, made small again. */
function network(factor = 1) {
  const g = new GraphBuilder('g', { opset: 13 });
  const x = g.input('x', 'float32', ['n', 8]);
  const h = g.op('MatMul', [x, g.weight('w', [8, 8], values(64, factor))], {}, { name: 'product' });
  const small = g.op('Mul', [h, g.constant(1 / 64, 'float32')], {}, { name: 'small' });
  return g.output(g.op('Relu', [small]), 'y', 'float32', ['n', 8]).model();
}

async function saved(factor: number, name: string) {
  const path = join(folder, name);
  await saveModel(network(factor), path);
  return loadModel(path);
}

test('a newer opset: the gate holds the outputs to those of the input', async () => {
  const result = await convert(await saved(1, 'a.onnx'), { opset: 21 });
  expect(result).toMatchObject({ isExact: true, kept: [], warnings: [] });
  const verification = await saveConverted(result, join(folder, 'a21.onnx'));
  expect(verification!.sqnrDb).toBeGreaterThan(100);
  expect((await loadModel(join(folder, 'a21.onnx'))).ir.opset).toBe(21);
});

test('an opset too new for ONNX Runtime is proved under the newest it opens, and a warning says so', async () => {
  const result = await convert(await saved(1, 'n.onnx'), { opset: 28 });
  const verification = await saveConverted(result, join(folder, 'n28.onnx'));
  expect(verification).toMatchObject({ loads: false, sqnrDb: Infinity, maxAbsError: 0, samples: 4 });
  expect(verification!.warnings).toEqual([
    'this version of ONNX Runtime opens no model of opset 28 (IR version 14): it was read again, checked, and compared as opset 26, where its nodes mean the same',
  ]);
  expect((await loadModel(join(folder, 'n28.onnx'))).ir.opset).toBe(28);
  await expect(saveConverted(result, join(folder, 'n28.onnx'))).rejects.toMatchObject({ code: 'ERR_OUTPUT_EXISTS' });
  const wrong = { ...result, model: new OnnxModel(network(2), result.model.reference) };
  wrong.model.ir.opsets.set('', 28);
  await expect(saveConverted(wrong, join(folder, 'wrong.onnx'))).rejects.toMatchObject({ code: 'ERR_GATE' });
  await expect(result.model.save(join(folder, 'refused.onnx'))).rejects.toMatchObject({ code: 'ERR_GATE' });
});

test('a model that was too new from the start is compared by the reference evaluator', async () => {
  const { model } = await convert(new OnnxModel(network()), { opset: 27 });
  const result = await convert(new OnnxModel(model.ir), { opset: 28 });
  const verification = await saveConverted(result, join(folder, 'new28.onnx'));
  expect(verification).toMatchObject({ loads: false, sqnrDb: Infinity, samples: 1 });
  expect(verification!.warnings![0]).toMatch(/compared by the reference evaluator on one sample$/);
});

test('a lower opset is refused', async () => {
  await expect(convert(await saved(1, 'low.onnx'), { opset: 12 })).rejects.toMatchObject({
    code: 'ERR_OPSET_UPGRADE',
    message: 'opset: expected 13 or newer (a model is raised, never lowered), received 12',
  });
});

test('float16 with data leaves in float32 what its run shows to overflow', async () => {
  const source = await saved(3e4, 'b.onnx');
  const data = dataFromArrays({ x: Tensor.of('float32', [4, 8], values(32, 4)) });
  const result = await convert(source, { float16: true, data });
  expect(result.kept).toEqual([
    { name: 'product', op: 'MatMul', action: 'left-float32', reason: 'product_out holds numbers that may pass 65504' },
    { name: 'small', op: 'Mul', action: 'left-float32', reason: 'product_out holds numbers that may pass 65504' },
  ]);
  const verification = await saveConverted(result, join(folder, 'b16.onnx'));
  expect(verification!.sqnrDb).toBeGreaterThan(40);
  expect((await convert(source, { float16: true })).kept).toEqual([]);
});

test('float16 and back: float32 nodes, weights rounded once', async () => {
  const source = await saved(1, 'h.onnx');
  await saveConverted(await convert(source, { float16: true }), join(folder, 'h16.onnx'));
  const result = await convert(join(folder, 'h16.onnx'), { float32: true });
  expect(result).toMatchObject({ kept: [], warnings: [], isExact: false });
  const verification = await saveConverted(result, join(folder, 'h32.onnx'));
  expect(verification!.sqnrDb).toBeGreaterThan(60);
  const { ir } = await loadModel(join(folder, 'h32.onnx'));
  expect(Array.from(ir.graph.nodes(), ({ op }) => op)).toEqual(['MatMul', 'Mul', 'Relu']);
  expect((await convert(source, { float32: true })).warnings).toEqual([
    'float32: nothing in this model computes in float16',
  ]);
  await expect(convert(source, { float16: true, float32: true })).rejects.toMatchObject({ code: 'ERR_OPTION' });
});

test('weights from safetensors take the place of those of their names, in their dtype', async () => {
  const path = join(folder, 'w.safetensors');
  const half = Tensor.fromNumbers('float16', [8, 8], values(64, 2));
  await saveSafetensors(path, {
    tensors: new Map([
      ['w', half],
      ['other', half],
    ]),
  });
  const source = await saved(1, 'c.onnx');
  const { model, warnings, isExact } = await convert(source, { weights: path });
  expect(isExact).toBe(false);
  expect(warnings).toEqual(['weights: 1 tensors have no initializer of their name: other']);
  expect(model.ir.graph.value('w')!.initializer!.toFloat32()).toEqual(half.toFloat32());
  expect(model.ir.graph.value('w')!.initializer!.dtype).toBe('float32');
  expect(source.ir.graph.value('w')!.initializer!.toFloat32()).toEqual(values(64));
});

test('weights that do not fit are refused', async () => {
  const source = new OnnxModel(network());
  for (const [name, dims] of [
    ['w', [4, 16]],
    ['v', [8, 8]],
  ] as const) {
    const path = join(folder, `${name}.safetensors`);
    await saveSafetensors(path, { tensors: new Map([[name, Tensor.of('float32', dims, values(64))]]) });
    await expect(convert(source, { weights: path })).rejects.toMatchObject({ code: 'ERR_WEIGHTS' });
  }
});

test('a TF.js layers model becomes ONNX', async () => {
  const config = {
    layers: [
      {
        class_name: 'Dense',
        config: { name: 'd', units: 2, activation: 'relu', use_bias: true, batch_input_shape: [null, 3] },
      },
    ],
  };
  const weights = [
    { name: 'd/kernel', shape: [3, 2], dtype: 'float32' },
    { name: 'd/bias', shape: [2], dtype: 'float32' },
  ];
  const path = join(folder, 'model.json');
  const document = {
    format: 'layers-model',
    modelTopology: { model_config: { class_name: 'Sequential', config } },
    weightsManifest: [{ paths: ['shard.bin'], weights }],
  };
  writeFileSync(path, JSON.stringify(document));
  writeFileSync(join(folder, 'shard.bin'), new Uint8Array(values(8).buffer));
  const result = await convert(await loadAnyModel(path));
  const verification = await saveConverted(result, join(folder, 'tfjs.onnx'));
  expect(verification!.loads).toBe(true);
  expect((await loadModel(join(folder, 'tfjs.onnx'))).ir.graph.inputs).toHaveLength(1);
});

test('zeros left out as sparse initializers, and back: ONNX Runtime gives the same bits, the file comes back the same', async () => {
  const g = new GraphBuilder('g', { opset: 13 });
  const x = g.input('x', 'float32', ['n', 64]);
  const data = Float32Array.from({ length: 4096 }, (_, i) => (i % 10 === 3 ? Math.sin(i) : 0));
  const codes = g.graph.addInitializer(
    'codes',
    Tensor.fromNumbers(
      'int8',
      [64, 64],
      Array.from({ length: 4096 }, (_, i) => (i % 16 === 5 ? (i % 100) - 50 : 0)),
    ),
  );
  const second = g.op('DequantizeLinear', [codes, g.constant(0.01, 'float32')]);
  const y = g.op('MatMul', [g.op('MatMul', [x, g.weight('w', [64, 64], data)]), second]);
  const path = join(folder, 'pruned.onnx');
  await saveModel(g.output(y, 'y', 'float32', ['n', 64]).model(), path);
  const sparse = await convert(await loadModel(path), { initializers: 'sparse' });
  expect([sparse.isExact, sparse.warnings]).toEqual([true, []]);
  const small = join(folder, 'small.onnx');
  const verification = await saveConverted(sparse, small);
  expect(verification).toMatchObject({ maxAbsError: 0, sqnrDb: Infinity });
  expect(statSync(small).size).toBeLessThan(0.5 * statSync(path).size);
  const dense = await convert(await loadModel(small), { initializers: 'dense' });
  await saveConverted(dense, join(folder, 'again.onnx'));
  const of = async (file: string) => (await loadModel(file)).ir.graph.value('w')!.constant!.bytes();
  expect(await of(join(folder, 'again.onnx'))).toEqual(await of(path));
  const nothing = await convert(await loadModel(path), { initializers: 'dense' });
  expect(nothing.warnings).toEqual([expect.stringMatching(/^initializers: /)]);
});
