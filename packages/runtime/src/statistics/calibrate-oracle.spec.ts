import { inferTypes } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { loadModel } from '@gossamer/graph/onnx';
import { join } from 'node:path';
import { openData } from '../data/open-data.js';
import { modelInputs } from '../session/model-ports.js';
import { calibrate } from './calibrate.js';

const lenet = join(__dirname, '../../../../fixtures/models/lenet-5.onnx');

test.each([false, true])(
  'every value of lenet-5 has the range that the reference evaluator gives (histogram: %s)',
  async (histogram) => {
    const model = await loadModel(lenet);
    const types = inferTypes(model);
    const values = [...model.graph.nodes()]
      .map((node) => node.output)
      .filter((value) => types.dtypeOf(value) === 'float32');
    const data = await openData('random:3', { seed: 4 });
    const { statistics, warnings } = await calibrate(model, values, data, { histogram, batchSize: 2 });
    expect(warnings).toEqual([]);
    const outputs = values.map(({ name }) => name);
    const expected = new Map<string, { min: number; max: number }>();
    for await (const { feeds } of data.batches({ inputs: modelInputs(model) })) {
      for (const [name, tensor] of Object.entries(evaluate(model, feeds, { outputs }))) {
        const range = expected.get(name) ?? { min: Infinity, max: -Infinity };
        for (const x of tensor.toFloat32()) {
          range.min = Math.min(range.min, x);
          range.max = Math.max(range.max, x);
        }
        expected.set(name, range);
      }
    }
    expect(statistics.size).toBe(expected.size);
    for (const [name, { min, max }] of expected) {
      const found = statistics.get(name)!;
      // Sums of at most 800 float32 products, in another order: 800 * 2^-24 of the largest magnitude.
      const tolerance = 800 * 2 ** -24 * Math.max(-min, max);
      expect(Math.abs(found.min - min)).toBeLessThanOrEqual(tolerance);
      expect(Math.abs(found.max - max)).toBeLessThanOrEqual(tolerance);
    }
  },
);
