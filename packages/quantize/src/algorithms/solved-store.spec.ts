import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphBuilder, Tensor } from '@gossamer/graph';
import { saveModel } from '@gossamer/graph/onnx';
import { dataFromArrays } from '@gossamer/runtime';
import type { QuantizeOptions } from '../options.js';
import { quantize } from '../quantize.js';

const width = 32;
const wave = (length: number, phase: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * 1.7 + phase));

function chain() {
  const g = new GraphBuilder('chain', { opset: 17 });
  let value = g.input('x', 'float32', ['n', width]);
  for (let i = 0; i < 3; i++)
    value = g.op('Tanh', [g.op('MatMul', [value, g.weight(`w${i}`, [width, width], wave(width ** 2, i))])]);
  return g.output(value, 'y', 'float32', ['n', width]).model();
}

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'gossamer-solved-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const options = (): QuantizeOptions => ({
  mode: 'weight-only',
  weights: 'uint3',
  algorithm: 'gptaq',
  data: dataFromArrays({ x: Tensor.of('float32', [64, width], wave(64 * width, 9)) }),
});

async function bytes(more: QuantizeOptions = {}): Promise<Buffer> {
  const { model } = await quantize(chain(), { ...options(), ...more });
  const path = join(folder, 'out.onnx');
  await saveModel(model, path, { fsync: false });
  return readFileSync(path);
}

const kept = () => readdirSync(join(folder, 'solved')).map((name) => join(folder, 'solved', name));

test('a run that was ended is taken up: what was solved is not solved again, and the bytes are the same', async () => {
  const whole = await bytes();
  const stop = new AbortController();
  const isEnded = bytes({
    folder,
    signal: stop.signal,
    onProgress: ({ stage, done }) => {
      if (stage === 'gptaq' && done === 2) stop.abort();
    },
  });
  await expect(isEnded).rejects.toThrow();
  const before = new Map(kept().map((path) => [path, statSync(path, { bigint: true }).mtimeNs]));
  expect(before.size).toBeGreaterThanOrEqual(2);
  expect((await bytes({ folder })).equals(whole)).toBe(true);
  expect(kept()).toHaveLength(3);
  for (const [path, time] of before) expect(statSync(path, { bigint: true }).mtimeNs).toEqual(time);
  // Activations do not stay.
  expect(readdirSync(folder).toSorted()).toEqual(['out.onnx', 'solved']);
});

test('what is not whole, or was solved from something else, is solved again', async () => {
  const whole = await bytes({ folder });
  for (const path of kept()) truncateSync(path, statSync(path).size - 1);
  expect((await bytes({ folder })).equals(whole)).toBe(true);
  await bytes({ folder, weights: 'uint2' });
  // The edge has 8 bits in both, but its inputs are others.
  expect(kept()).toHaveLength(6);
});
