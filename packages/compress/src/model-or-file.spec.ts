import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphBuilder, Tensor } from '@gossamer/graph';
import { saveModel } from '@gossamer/graph/onnx';
import { dataFromArrays } from '@gossamer/runtime';
import { encode } from './encode.js';
import { evaluate } from './evaluate.js';
import { inspect } from './inspect.js';
import { modelOrFile } from './model-or-file.js';
import { loadModel, OnnxModel } from './onnx-model.js';
import { quantize } from './quantize.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-compress-'))));
afterEach(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

/** Two inputs to two classes: the first where x0 > x1. */
async function writeNet(): Promise<void> {
  const g = new GraphBuilder('net');
  const x = g.input('x', 'float32', ['n', 2]);
  const y = g.op('MatMul', [x, g.weight('w', [2, 2], Float32Array.of(1, 0, 0, 1))]);
  await saveModel(g.output(y, 'y', 'float32', ['n', 2]).model(), at('net.onnx'));
}
const data = dataFromArrays({
  x: Tensor.of('float32', [2, 2], Float32Array.of(1, 0, 0, 1)),
  labels: Tensor.of('int64', [2], BigInt64Array.of(0n, 1n)),
});

test('an edited copy is measured as it is, not as the file it was read from', async () => {
  await writeNet();
  const source = await loadModel(at('net.onnx'));
  expect(modelOrFile(source)).toBe(at('net.onnx'));
  const copy = new OnnxModel(source.ir.clone(), source);
  expect(modelOrFile(copy)).toBe(at('net.onnx'));
  copy.ir.graph.setInitializer(copy.ir.graph.value('w')!, Tensor.of('float32', [2, 2], Float32Array.of(0, 1, 1, 0)));
  expect(modelOrFile(copy)).toBe(copy.ir);
  const top1 = async (model: OnnxModel) => (await evaluate(model, { data, metric: 'top1' })).value;
  expect([await top1(source), await top1(copy)]).toEqual([1, 0]);
  // The gate compares with the model it was made from, edited too.
  const codes = await quantize(copy, { mode: 'weight-only', weights: 'int8' });
  const verification = await codes.model.save(at('small.onnx'));
  expect(verification!.sqnrDb).toBeGreaterThan(30);
});

test('a .gsm file is the file of its model: it has its size, and is not written over', async () => {
  await writeNet();
  await encode(at('net.onnx'), at('net.gsm'));
  const source = await loadModel(at('net.gsm'));
  expect(modelOrFile(source)).toBe(at('net.gsm'));
  expect((await inspect(source)).fileBytes).toBeGreaterThan(0);
  const copy = new OnnxModel(source.ir.clone(), source);
  await expect(copy.save(at('net.gsm'), { force: true })).rejects.toMatchObject({ code: 'ERR_OUTPUT_PATH' });
});
