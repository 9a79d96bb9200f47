import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Model } from '@gossamer/graph';
import { loadModel, saveModel } from '@gossamer/graph/onnx';
import { bert } from '@gossamer/graph/zoo';
import { pruneWeights, type PruneWeightsOptions } from '@gossamer/prune';
import { quantize } from '@gossamer/quantize';
import { openData } from '@gossamer/runtime';
import { repositoryFolder } from '../package-folder.js';
import { layerTimes } from './layer-times.js';

const folder = mkdtempSync(join(tmpdir(), 'gossamer-pruned-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fixture = (name: string) => loadModel(join(repositoryFolder(), 'fixtures', 'models', `${name}.onnx`));

const MODELS: Readonly<Record<string, { open: () => Model | Promise<Model>; exclude: readonly string[] }>> = {
  'resnet20-mnist': { open: () => fixture('resnet20-mnist'), exclude: ['/conv/Conv', '/fc/Gemm'] },
  tinylm: { open: () => fixture('tinylm'), exclude: [] },
  bert: { open: () => bert({ layers: 1, width: 256, heads: 4, vocabulary: 100, context: 16 }), exclude: [] },
};

const PATTERNS: Readonly<Record<string, PruneWeightsOptions>> = {
  '12:64': { pattern: '12:64' },
  'max16:64': { pattern: 'max16:64', sparsity: 0.8, allocation: 'uniform' },
  '80 %': { sparsity: 0.8, allocation: 'uniform' },
};

/** What the engine says of each pruned layer of a model. */
async function notesOf(model: Model, layers: readonly string[]): Promise<string[]> {
  const path = join(folder, 'model.onnx');
  await saveModel(model, path, { fsync: false });
  const times = await layerTimes(path, undefined, 1);
  return layers.map((layer) => {
    const found = times.find(({ node }) => node === layer || node === `${layer}_sums`);
    if (!found)
      throw new Error(`${layer}: no product of the engine, which has ${times.map(({ node }) => node).join()}`);
    return found.note;
  });
}

/** Without lookups in 64 bytes int8 layers run dense, and say that they have zeros. */
const isRecognised = (note: string) => note.startsWith('sparse:') || note.includes('but no byte lookup');
const roundsOf = (note: string) => Number(/([\d.]+) rounds per 64/.exec(note)?.[1] ?? 0);
const zerosOf = (note: string) => Number(/([\d.]+) % zeros/.exec(note)?.[1]);

describe.each(Object.entries(MODELS))('%s', (name, { open, exclude }) => {
  it.each(Object.entries(PATTERNS))('%s: the engine runs each pruned layer by it', async (pattern, how) => {
    const { model, report } = await pruneWeights(await open(), { ...how, exclude });
    const layers = report.weights.flatMap(({ layers: own }) => own);
    expect(layers.length).toBeGreaterThanOrEqual(6);
    const least = pattern === '12:64' ? 81 : 79.8;
    for (const note of await notesOf(model, layers)) {
      expect(note).toMatch(/^sparse: /);
      expect(zerosOf(note)).toBeGreaterThanOrEqual(least);
    }
    const data = await openData('random:2', { seed: 0 });
    const { model: int8 } = await quantize(model, { mode: name === 'resnet20-mnist' ? 'static' : 'dynamic', data });
    const notes = await notesOf(int8, layers);
    // Symmetric codes keep zeros.
    for (const note of notes) expect(zerosOf(note)).toBeGreaterThanOrEqual(least);
    const dense = notes.filter((note) => !isRecognised(note));
    // One layer of 16 outputs may have a row too full for single zeros to pay.
    expect(dense.length).toBeLessThanOrEqual(pattern === '80 %' ? 1 : 0);
    // 12 of 64 are three lookups of four, 3 of 16 or 6 of 32 of a position's channels one and two: 4 of 64.
    if (pattern !== '80 %') for (const note of notes) expect(roundsOf(note)).toBeLessThanOrEqual(4);
    if (pattern === '12:64' && name !== 'resnet20-mnist')
      for (const note of notes) expect(roundsOf(note)).toBeLessThanOrEqual(3);
  });
});

test('static int8 of products: zeros stay, each layer runs its pattern', async () => {
  const { open } = MODELS['bert']!;
  const { model, report } = await pruneWeights(await open(), { pattern: '12:64' });
  const { model: int8 } = await quantize(model, { mode: 'static', data: await openData('random:2', { seed: 0 }) });
  const notes = await notesOf(
    int8,
    report.weights.flatMap(({ layers }) => layers),
  );
  for (const note of notes) {
    expect(isRecognised(note)).toBe(true);
    expect(zerosOf(note)).toBeGreaterThanOrEqual(81);
    expect(roundsOf(note)).toBeLessThanOrEqual(3);
  }
});
