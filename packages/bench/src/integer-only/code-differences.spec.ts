import { join } from 'node:path';
import { Tensor } from '@gossamer/graph';
import { loadModel } from '@gossamer/graph/onnx';
import { assertIntegerOnly, floatComputeNodes, quantize } from '@gossamer/quantize';
import { dataFromArrays } from '@gossamer/runtime';
import { mnistData } from '../experiments/mnist-data.js';
import { repositoryFolder } from '../package-folder.js';
import { codeDifferences, summarize } from './code-differences.js';

function digits(count: number): Tensor {
  const input = new Float32Array(count * 784);
  mnistData('training', [1, 28, 28]).read(
    Uint32Array.from({ length: count }, (_, i) => i),
    { input, labels: new BigInt64Array(count) },
  );
  return Tensor.of('float32', [count, 1, 28, 28], input);
}

test.each(['lenet-5', 'resnet20-mnist'])('%s: every layer in fixed point gives codes of ONNX Runtime', async (name) => {
  const model = await loadModel(join(repositoryFolder(), 'fixtures', 'models', `${name}.onnx`));
  const input = digits(4);
  const result = await quantize(model, { data: dataFromArrays({ input }), integerOnly: true });
  expect(result.report.warnings).toEqual([]);
  expect(floatComputeNodes(result.model)).toEqual([]);
  assertIntegerOnly(result.model);
  const differences = await codeDifferences(result.model, [{ input }], { requantize: 'fixed-point' });
  const { codes, exact, largest } = summarize(differences);
  expect(largest).toBeLessThanOrEqual(1);
  expect(exact / codes).toBeGreaterThanOrEqual(0.999);
});
