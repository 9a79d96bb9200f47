import type { EvalValue } from '../../eval/eval-value.js';
import { fromTensor, toTensor } from '../../eval/eval-value.js';
import { difference, type NodeTestData } from '../../eval/testing/node-test-values.js';
import type { Model } from '../../ir/model.js';
import type { Tensor } from '../../ir/tensor.js';
import { type Outputs } from './compare.js';
import { runOnce } from './ort-session.js';

type DataSet = NodeTestData['dataSets'][number];

/** The inputs of a data set as tensors; undefined when one is something else. */
export function tensorFeeds({ feeds }: DataSet): Record<string, Tensor> | undefined {
  const tensors: Record<string, Tensor> = {};
  for (const [name, value] of feeds) {
    if (value.kind !== 'tensor') return undefined;
    tensors[name] = toTensor(value, 'float32');
  }
  return tensors;
}

/** What ONNX Runtime makes of a model, or undefined when it has no kernel for it (or refuses the call). */
export async function tryRun(model: Model, feeds: Readonly<Record<string, Tensor>>): Promise<Outputs | undefined> {
  try {
    return await runOnce(model, feeds);
  } catch {
    return undefined;
  }
}

/** What differs from the stored outputs beyond the tolerances of the ONNX test runner; undefined when nothing does. */
export function storedDifference(found: Outputs, outputs: ReadonlyMap<string, EvalValue>): string | undefined {
  for (const [name, expected] of outputs) {
    const tensor = found[name];
    const text = difference(tensor && fromTensor(tensor, 'float32'), expected);
    if (text) return `${name}: ${text}`;
  }
  return undefined;
}
