import { bindDim, type Dim, type DimBindings, symbol } from '../../ir/dim.js';
import type { Model } from '../../ir/model.js';
import type { Tensor } from '../../ir/tensor.js';
import { tensorType, type ValueType } from '../../ir/value-type.js';
import { parseModel } from '../../onnx/index.js';
import { readTensor } from '../../onnx/read-tensor.js';
import type { NodeTestCase } from '../../testing/node-tests.js';
import { ExternalData } from '../../wire/external-data.js';
import { MemorySource } from '../../wire/memory-source.js';
import { TensorProto } from '../../wire/onnx-schema.js';
import { openWire } from '../../wire/wire-message.js';
import { spellType } from '../declared.js';

const files = new ExternalData(undefined, 'untrusted');

function decode(bytes: Uint8Array | undefined, type: ValueType | undefined): Tensor | undefined {
  if (!bytes || type?.kind !== 'tensor') return undefined;
  return readTensor(openWire(new MemorySource(bytes), TensorProto), files);
}

/** A case ready for inference: nothing is declared but its inputs. */
export interface TypedCase {
  readonly model: Model;
  /** What the file declared for the graph's outputs, by name. */
  readonly declared: ReadonlyMap<string, ValueType>;
  /** Contents of the tensor inputs, by name. */
  readonly data: Readonly<Record<string, Tensor>>;
  /** Types of the tensors that the test expects as outputs, by name. */
  readonly produced: ReadonlyMap<string, ValueType>;
}

/** Parses a case, reads its first data set, and forgets every declared type but those of the inputs. */
export function typedCase(test: NodeTestCase): TypedCase {
  const model = parseModel(test.model);
  const [first] = test.dataSets;
  const data: Record<string, Tensor> = {};
  const produced = new Map<string, ValueType>();
  const declared = new Map<string, ValueType>();
  model.graph.inputs.forEach((value, index) => {
    const tensor = decode(first?.inputs[index], value.type);
    if (tensor) data[value.name] = tensor;
  });
  model.graph.outputs.forEach((value, index) => {
    const tensor = decode(first?.outputs[index], value.type);
    if (tensor) produced.set(value.name, tensorType(tensor.dtype, tensor.dims));
    if (value.type) declared.set(value.name, value.type);
  });
  for (const scope of model.scopes()) {
    for (const value of scope.values()) if (!value.isInput || scope !== model.graph) scope.setType(value, undefined);
  }
  return { model, declared, data, produced };
}

/** Input types with a symbol for every dimension, and what those symbols stand for. */
export function symbolicInputs(test: TypedCase): { inputs: Record<string, ValueType>; sizes: DimBindings } {
  const inputs: Record<string, ValueType> = {};
  const sizes: Record<string, number> = {};
  for (const value of test.model.graph.inputs) {
    if (value.type?.kind !== 'tensor' || !value.type.shape) continue;
    const shape = value.type.shape.map((dim: Dim, axis) => {
      if (typeof dim !== 'number') return dim;
      sizes[`${value.name}_${axis}`] = dim;
      return symbol(`${value.name}_${axis}`);
    });
    inputs[value.name] = tensorType(value.type.dtype, shape);
  }
  return { inputs, sizes };
}

/** How an inferred type stands to a true one: equal, true but incomplete, or (as text) a contradiction. */
export function judge(inferred: ValueType | undefined, truth: ValueType, sizes: DimBindings = {}): string {
  if (!inferred) return 'incomplete';
  const contradiction = `inferred ${spellType(inferred)}, true is ${spellType(truth)}`;
  if (inferred.kind !== truth.kind) return contradiction;
  if (inferred.kind === 'sequence' || inferred.kind === 'optional') {
    const { element } = truth as typeof inferred;
    return element ? judge(inferred.element, element, sizes) : 'equal';
  }
  if (inferred.kind !== 'tensor' || truth.kind !== 'tensor') return 'equal';
  if (inferred.dtype && truth.dtype && inferred.dtype !== truth.dtype) return contradiction;
  let verdict = inferred.dtype ? 'equal' : 'incomplete';
  if (!truth.shape) return verdict;
  if (!inferred.shape) return 'incomplete';
  if (inferred.shape.length !== truth.shape.length) return contradiction;
  inferred.shape.forEach((dim, axis) => {
    const size = bindDim(dim, sizes);
    if (size === undefined || typeof size === 'object') verdict = verdict === 'equal' ? 'incomplete' : verdict;
    else if (typeof truth.shape![axis] === 'number' && size !== truth.shape![axis]) verdict = contradiction;
  });
  return verdict;
}
