import { type DType } from '../../dtype.js';
import type { Node } from '../../ir/node.js';
import { Tensor } from '../../ir/tensor.js';
import { type Adapter, defineAdapter, type UpgradeStep } from './adapter.js';

const REDUCTIONS = ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'SumSquare'].map(
  (n) => `Reduce${n}`,
);

/** `axes` becomes input 1. An empty list means what its absence means: all. */
function axesToInput(node: Node, step: UpgradeStep): void {
  const axes = node.ints('axes', undefined);
  step.setIntegers(1, 'axes', axes?.length === 0 ? undefined : axes);
  step.drop('axes');
}

function split13(node: Node, step: UpgradeStep): void {
  step.setIntegers(1, 'split', node.ints('split', undefined));
  step.drop('split');
}

function slice10(node: Node, step: UpgradeStep): void {
  for (const [index, name] of ['starts', 'ends', 'axes'].entries()) {
    // As they are: INT64_MAX means "to the end".
    step.setIntegers(index + 1, name, node.attributes.get(name)?.as('ints'));
  }
  step.drop('starts', 'ends', 'axes');
}

function topK10(node: Node, step: UpgradeStep): void {
  step.setIntegers(1, 'k', [node.int('k', undefined) ?? step.refuse('no k')]);
  step.drop('k');
}

function pad11(node: Node, step: UpgradeStep): void {
  step.setIntegers(1, 'pads', node.ints('pads', undefined) ?? step.refuse('no pads'));
  const value = node.float('value', 0);
  if (!Object.is(value, 0)) setScalar(node, step, 2, 'value', value);
  step.drop('pads', 'value');
}

/** Until opset 10 absent bounds were those of float32, whatever the dtype; later they are those of the dtype. */
const FLOAT32_MAX = 3.4028234663852886e38;

function clip11(node: Node, step: UpgradeStep): void {
  const isFloat32 = step.dtype(0) === 'float32';
  for (const [index, name, fallback] of [
    [1, 'min', -FLOAT32_MAX],
    [2, 'max', FLOAT32_MAX],
  ] as const) {
    const bound = node.float(name, fallback);
    if (node.has(name) || !isFloat32) setScalar(node, step, index, name, bound);
  }
  step.drop('min', 'max');
}

function setScalar(node: Node, step: UpgradeStep, index: number, name: string, value: number): void {
  const dtype: DType = step.dtype(0);
  node.graph.setInput(node, index, step.constant(name, Tensor.scalar(dtype, value)));
}

/** Nothing is dropped in inference, and what the mask then holds was open until opset 12 (ONNX Runtime: zeros, then ones). */
function dropout10(node: Node, step: UpgradeStep): void {
  const mask = node.outputs[1];
  if (mask && (mask.uses.length > 0 || mask.isOutput)) step.refuse('a mask that is read');
}

/** No training_mode given is inference, as before. */
function dropout12(node: Node, step: UpgradeStep): void {
  dropout10(node, step);
  if (!node.has('ratio')) return;
  const ratio = Tensor.scalar('float32', node.float('ratio', 0.5));
  node.graph.setInput(node, 1, step.constant('ratio', ratio));
  step.drop('ratio');
}

/** The default axis moved from 1 to the last but one. */
function dft20(node: Node, step: UpgradeStep): void {
  step.setIntegers(2, 'axis', node.int('axis', 1));
  step.drop('axis');
}

/** Attributes that became inputs. */
export const attributesToInputs: readonly Adapter[] = [
  defineAdapter(['ReduceSum', 'Squeeze', 'Unsqueeze'], 13, axesToInput),
  defineAdapter(REDUCTIONS, 18, axesToInput),
  defineAdapter('Split', 13, split13),
  defineAdapter('Slice', 10, slice10),
  defineAdapter('TopK', 10, topK10),
  defineAdapter('Pad', 11, pad11),
  defineAdapter('Clip', 11, clip11),
  defineAdapter('Dropout', 10, dropout10),
  defineAdapter('Dropout', 12, dropout12),
  defineAdapter('DFT', 20, dft20),
];
