import type { Node, Tensor } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openData } from '../data/open-data.js';
import { layerwise } from './layerwise.js';
import { coarse, distance, layersOf, ROUNDING, wholeRuns, writeTwin } from './testing/compare.js';
import { useTempFolder } from './testing/temp-folder.js';

const fixture = (name: string) => loadModel(join(__dirname, '../../../../fixtures/models', `${name}.onnx`));

const folder = useTempFolder();

test.each([
  ['lenet-5', 'random:5', 4],
  ['resnet20-mnist', 'random:3', 2],
  ['tinylm', 'random:3', 2],
])(
  'layers of %s read what a whole run gives them: as it was, and with the new weights of those before',
  async (name, spec, batchSize) => {
    const model = await fixture(name);
    const data = await openData(spec, { seed: 3 });
    const layers = layersOf(model);
    const walk = await layerwise(model, layers, data, { streams: 'both', batchSize, threads: 1, folder: folder() });
    expect(walk.unreached).toEqual([]);
    const values = layers.flatMap(({ inputs }) =>
      inputs.flatMap((value) => (value && !value.constant ? value.name : [])),
    );
    const float = await wholeRuns(model, [...new Set(values)], data, batchSize);
    const replaced = model.clone();
    const visited: Node[] = [];
    const seen: { input: string; run: number; tensor: Tensor }[] = [];
    for await (const step of walk) {
      expect(step).toMatchObject({ index: step.index, total: walk.length });
      for await (const { run, quantized, float: given, count, rows } of step.batches()) {
        expect({ count, rows }).toEqual({ count: run === float.length - 1 ? 1 : batchSize, rows: undefined });
        for (const input of step.inputs) {
          const expected = float[run]![input]!;
          if (model.graph.value(input)!.isInput) expect(given![input]!.bytes()).toEqual(expected.bytes());
          else expect(distance(given![input]!, expected)).toBeLessThan(ROUNDING);
          seen.push({ input, run, tensor: quantized[input]! });
        }
      }
      for (const view of step.views) {
        const data = coarse(view.toFloat32());
        step.setWeight(view, data);
        writeTwin(model, replaced, view.node, view.inputIndex, data);
      }
      visited.push(...step.nodes);
    }
    expect(new Set(visited)).toEqual(new Set(layers));
    expect(visited).toHaveLength(layers.length);
    expect(readdirSync(folder())).toEqual([]);
    // What a layer reads depends on the weights before it only, so that one run with all of them replaced will do.
    const quantized = await wholeRuns(replaced, [...new Set(values)], data, batchSize);
    for (const { input, run, tensor } of seen) {
      expect(distance(tensor, quantized[run]![input]!)).toBeLessThan(ROUNDING);
    }
    const changes = seen.map(({ input, run, tensor }) => distance(tensor, float[run]![input]!));
    expect(Math.max(...changes)).toBeGreaterThan(0.01);
  },
);
