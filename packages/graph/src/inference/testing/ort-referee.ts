import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { DType } from '../../dtype.js';
import type { AttributeValue } from '../../ir/attribute.js';
import { Graph } from '../../ir/graph.js';
import { Model } from '../../ir/model.js';
import { Tensor } from '../../ir/tensor.js';
import { tensorType, type ValueType } from '../../ir/value-type.js';
import { serializeModel } from '../../onnx/index.js';

/** An operator call to be run by ONNX Runtime and inferred here. */
export interface OperatorCall {
  readonly op: string;
  readonly domain?: string;
  /** Version of the standard operator set; the IR version follows it. */
  readonly opset: number;
  /** Inputs by slot; null is an absent one. Integers stay constants, floats become graph inputs. */
  readonly inputs: readonly (Tensor | null)[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** How many outputs to ask for. Default 1. */
  readonly outputs?: number;
}

/** A small float32 tensor of the given size. */
export const floats = (...dims: number[]): Tensor =>
  Tensor.fromNumbers(
    'float32',
    dims,
    filled(dims, (i) => (i % 7) - 2),
  );

export const numbers = (dtype: DType, dims: readonly number[], values?: readonly (number | bigint)[]): Tensor =>
  Tensor.fromNumbers(dtype, dims, values ?? filled(dims, () => 1));

export const int64s = (...values: (number | bigint)[]): Tensor => numbers('int64', [values.length], values);

function filled(dims: readonly number[], value: (index: number) => number): number[] {
  return Array.from({ length: dims.reduce((product, dim) => product * dim, 1) }, (_, i) => value(i));
}

/** A model of the one call, its float inputs fed, everything else constant. */
export function modelOf(call: OperatorCall): { model: Model; feeds: Record<string, Tensor> } {
  const graph = new Graph('call');
  const feeds: Record<string, Tensor> = {};
  const inputs = call.inputs.map((tensor, index) => {
    if (!tensor) return undefined;
    if (tensor.dtype !== 'float32') return graph.addInitializer(`constant${index}`, tensor);
    feeds[`x${index}`] = tensor;
    return graph.addInput(`x${index}`, tensorType('float32', tensor.dims));
  });
  const outputs = Array.from({ length: call.outputs ?? 1 }, (_, index) => `y${index}`);
  const { op, domain = '', attributes = {} } = call;
  const node = graph.add({ op, domain, inputs, outputs, attributes });
  for (const value of node.outputs) if (value) graph.addOutput(value);
  const opsets = new Map([['', call.opset]]);
  if (domain !== '') opsets.set(domain, 1);
  return { model: new Model({ irVersion: call.opset < 9 ? 3 : 8, opsets, graph }), feeds };
}

/** The types ONNX Runtime gives the graph's outputs when it runs the model. */
export async function runTypes(model: Model, feeds: Readonly<Record<string, Tensor>>): Promise<Map<string, ValueType>> {
  const options = { graphOptimizationLevel: 'disabled', logSeverityLevel: 3 } as const;
  const session = await InferenceSession.create(serializeModel(model), options);
  const tensors = Object.entries(feeds).map(([name, tensor]) => {
    return [name, new OrtTensor('float32', tensor.toFloat32(), tensor.dims)] as const;
  });
  const results = await session.run(Object.fromEntries(tensors));
  await session.release();
  return new Map(
    Object.entries(results).map(([name, { type, dims }]) => [name, tensorType(dtypeName(type), dims)] as const),
  );
}

const dtypeName = (name: string): DType => (name === 'double' ? 'float64' : (name as DType));
