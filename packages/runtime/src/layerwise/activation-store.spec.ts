import { Tensor, tensorType } from '@gossamer/graph';
import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { ActivationStore } from './activation-store.js';
import { useTempFolder } from './testing/temp-folder.js';

const folder = useTempFolder();

test('tensors come back as they were put, whatever their type and size', () => {
  const store = new ActivationStore(join(folder(), 'new'));
  const tensors = [
    Tensor.fromNumbers('float32', [2, 2], [1, -2, 3, NaN]),
    Tensor.fromNumbers('int64', [3], [1, -2, 3]),
    Tensor.fromNumbers('float16', [], [0.5]),
    Tensor.fromNumbers('bool', [0, 4], []),
    Tensor.fromNumbers('uint4', [3], [1, 15, 7]),
    Tensor.ofStrings([2], [Buffer.from([0, 200, 34]), Buffer.from('ü')]),
  ];
  tensors.forEach((tensor, i) => {
    store.put(`v${i}`, 1, tensor);
    store.put(`v${i}`, 0, tensor);
  });
  tensors.forEach((tensor, i) => {
    for (const run of [0, 1]) expect(store.get(`v${i}`, run).hash()).toBe(tensor.hash());
  });
  store.dispose();
  expect(readdirSync(join(folder(), 'new'))).toEqual([]);
});

test('a value has one file, which goes with it; types are what all runs have in common', () => {
  const store = new ActivationStore(folder());
  const put = (run: number, ...dims: number[]) =>
    store.put('x', run, Tensor.of('float32', dims, new Float32Array(dims.reduce((a, b) => a * b, 1))));
  put(0, 2, 3);
  expect(store.typeOf('x')).toEqual(tensorType('float32', [2, 3]));
  put(1, 2, 5);
  expect(store.typeOf('x')).toEqual(tensorType('float32', [2, undefined]));
  put(2, 2);
  expect(store.typeOf('x')).toEqual(tensorType('float32', undefined));
  expect(store.typeOf('y')).toBeUndefined();
  expect(store.byteLength).toBe(4 * (6 + 10 + 2));
  expect(readdirSync(store.folder)).toHaveLength(1);
  store.drop('x');
  store.drop('x');
  expect([store.has('x'), store.byteLength, readdirSync(store.folder).length]).toEqual([false, 0, 0]);
  store.dispose();
});

test('a file that was cut short is an error', () => {
  const store = new ActivationStore(folder());
  store.put('x', 0, Tensor.of('float32', [8], new Float32Array(8)));
  truncateSync(join(store.folder, readdirSync(store.folder)[0]!), 5);
  expect(() => store.get('x', 0)).toThrow(expect.objectContaining({ code: 'ERR_LAYERWISE' }) as Error);
  store.dispose();
});
