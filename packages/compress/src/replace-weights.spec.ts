import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphBuilder, isGossamerError, type Model, Tensor } from '@gossamer/graph';
import { saveSafetensors } from '@gossamer/graph/safetensors';
import { replaceWeights } from './replace-weights.js';

const folder = mkdtempSync(join(tmpdir(), 'gossamer-weights-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** As PyTorch exports a linear layer: its matrix is turned, and has a name of its own. */
function network(): Model {
  const g = new GraphBuilder('g');
  const x = g.input('x', 'float32', ['n', 2]);
  const h = g.op('MatMul', [x, g.weight('onnx::MatMul_7', [2, 3], new Float32Array(6))]);
  const y = g.op('Add', [h, g.weight('fc.bias', [3], new Float32Array(3))]);
  return g.output(g.op('Relu', [y]), 'y', 'float32', ['n', 3]).model();
}

const tensor = (dims: number[], ...values: number[]) => Tensor.of('float32', dims, Float32Array.from(values));
const WEIGHT = tensor([3, 2], 1, 2, 3, 4, 5, 6);

async function save(name: string, tensors: Record<string, Tensor>): Promise<string> {
  const path = join(folder, name);
  await saveSafetensors(path, { tensors: new Map(Object.entries(tensors)) });
  return path;
}

function mapFile(content: unknown): string {
  const path = join(folder, 'map.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const codeOf = async (promise: Promise<unknown>) => {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isGossamerError(error)) throw new Error(`expected a refusal, received ${String(error)}`);
  return `${error.code} ${error.message}`;
};

test('names alone: what has no counterpart is named, on both sides', async () => {
  const path = await save('a.safetensors', { 'fc.weight': WEIGHT, 'fc.bias': tensor([3], 7, 8, 9) });
  const model = network();
  expect(await replaceWeights(model, path)).toEqual([
    'weights: 1 tensors have no initializer of their name: fc.weight',
    'weights: 1 initializers keep what they held: onnx::MatMul_7',
  ]);
  expect([...model.graph.value('fc.bias')!.initializer!.toFloat32()]).toEqual([7, 8, 9]);
});

test('a map names the tensor of an initializer, and says that it is turned', async () => {
  const path = await save('b.safetensors', { 'fc.weight': WEIGHT, 'fc.bias': tensor([3], 7, 8, 9) });
  const model = network();
  const map = mapFile({ 'onnx::MatMul_7': { tensor: 'fc.weight', transpose: true } });
  expect(await replaceWeights(model, path, map)).toEqual([]);
  const weight = model.graph.value('onnx::MatMul_7')!.initializer!;
  expect(weight.dims).toEqual([2, 3]);
  expect([...weight.toFloat32()]).toEqual([1, 3, 5, 2, 4, 6]);
});

test('a matrix whose transpose would fit is refused, and the way out is named', async () => {
  const path = await save('c.safetensors', { 'fc.weight': WEIGHT });
  const map = mapFile({ 'onnx::MatMul_7': 'fc.weight' });
  expect(await codeOf(replaceWeights(network(), path, map))).toMatch(
    /^ERR_WEIGHTS .*\[2, 3\].*\[3, 2\].*transpose fits/,
  );
});

test.each<[string, unknown, RegExp]>([
  ['an initializer that is not there', { v: 'fc.weight' }, /names of initializers, received v$/],
  ['a tensor that is not there', { 'fc.bias': 'q' }, /names of tensors, received q for fc.bias$/],
  ['a number', { 'fc.bias': 7 }, /a tensor's name or/],
  ['a key too many', { 'fc.bias': { tensor: 'fc.weight', scale: 2 } }, /a tensor's name or/],
  ['a list', [], /an object of initializers/],
  ['no JSON', '{', /expected JSON/],
  ['a vector to turn', { 'fc.bias': { tensor: 'bias', transpose: true } }, /a matrix of floats to transpose/],
])('a map with %s is refused', async (_, content, message) => {
  const path = await save('d.safetensors', { 'fc.weight': WEIGHT, bias: tensor([3], 1, 2, 3) });
  expect(await codeOf(replaceWeights(network(), path, mapFile(content)))).toMatch(message);
});

test('a checkpoint of several files, by its folder', async () => {
  await save('one-of-two.safetensors', { 'fc.bias': tensor([3], 1, 2, 3) });
  await save('two-of-two.safetensors', { 'onnx::MatMul_7': tensor([2, 3], 1, 2, 3, 4, 5, 6) });
  const places = { 'fc.bias': 'one-of-two.safetensors', 'onnx::MatMul_7': 'two-of-two.safetensors' };
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: places }));
  const model = network();
  expect(await replaceWeights(model, folder)).toEqual([]);
  expect(model.graph.value('onnx::MatMul_7')!.initializer!.toFloat32()[5]).toBe(6);
});
