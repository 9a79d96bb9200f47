import { type DType, isFloat } from '../../dtype.js';
import type { Model } from '../../ir/model.js';
import type { Value } from '../../ir/value.js';
import type { ValueType } from '../../ir/value-type.js';
import { parseModel } from '../../onnx/index.js';
import { readTensor } from '../../onnx/read-tensor.js';
import type { NodeTestCase } from '../../testing/node-tests.js';
import { ExternalData } from '../../wire/external-data.js';
import { MemorySource } from '../../wire/memory-source.js';
import { OptionalProto, SequenceProto, TensorProto } from '../../wire/onnx-schema.js';
import { openWire, type WireMessage } from '../../wire/wire-message.js';
import { type EvalTensor, type EvalValue, fromTensor } from '../eval-value.js';

/** Tolerances of the ONNX backend test runner. */
const RELATIVE = 1e-3;
const ABSOLUTE = 1e-7;

export interface NodeTestData {
  readonly model: Model;
  readonly dataSets: readonly {
    readonly feeds: ReadonlyMap<string, EvalValue>;
    readonly outputs: ReadonlyMap<string, EvalValue>;
  }[];
}

const files = new ExternalData(undefined, 'untrusted');
const tensorValue = (message: WireMessage): EvalTensor => fromTensor(readTensor(message, files), 'float32');

function sequenceValue(message: WireMessage): EvalValue {
  const { no } = SequenceProto;
  const tensors = message.messages(no.tensor_values).map(tensorValue);
  return {
    kind: 'sequence',
    items: tensors.length > 0 ? tensors : message.messages(no.sequence_values).map(sequenceValue),
  };
}

function decode(bytes: Uint8Array, type: ValueType | undefined): EvalValue {
  const source = new MemorySource(bytes);
  if (type?.kind === 'sequence') return sequenceValue(openWire(source, SequenceProto));
  if (type?.kind !== 'optional') return tensorValue(openWire(source, TensorProto));
  // Some of the archive hold the bare element; its first field is dims (a varint) where an OptionalProto has its name.
  if (bytes[0] === 0x08) return tensorValue(openWire(source, TensorProto));
  const message = openWire(source, OptionalProto);
  const { no } = OptionalProto;
  const [tensor, sequence] = [message.message(no.tensor_value), message.message(no.sequence_value)];
  // Field 3 of a bare SequenceProto holds its tensors.
  if (tensor)
    return type.element?.kind === 'sequence' ? sequenceValue(openWire(source, SequenceProto)) : tensorValue(tensor);
  return sequence ? sequenceValue(sequence) : { kind: 'none' };
}

/** Decodes a case of the ONNX node tests with its values by name. */
export function nodeTestData(test: NodeTestCase): NodeTestData {
  const model = parseModel(test.model);
  const named = (values: readonly Value[], files: readonly Uint8Array[]) =>
    new Map(files.flatMap((bytes, i) => (bytes ? [[values[i]!.name, decode(bytes, values[i]!.type)] as const] : [])));
  const dataSets = test.dataSets.map(({ inputs, outputs }) => ({
    feeds: named(model.graph.inputs, inputs),
    outputs: named(model.graph.outputs, outputs),
  }));
  return { model, dataSets };
}

/** What differs between a computed and an expected value; undefined when they agree. Floats by the runner's tolerances. */
export function difference(
  actual: EvalValue | undefined,
  expected: EvalValue,
  absolute = ABSOLUTE,
): string | undefined {
  if (actual?.kind !== expected.kind) return `${actual?.kind} instead of ${expected.kind}`;
  if (actual.kind === 'sequence' && expected.kind === 'sequence') {
    if (actual.items.length !== expected.items.length)
      return `${actual.items.length} items, not ${expected.items.length}`;
    return expected.items.map((item, i) => difference(actual.items[i], item, absolute)).find((text) => text);
  }
  if (actual.kind !== 'tensor' || expected.kind !== 'tensor') return undefined;
  const spell = (tensor: EvalTensor) => `${tensor.dtype}[${tensor.dims.join(',')}]`;
  if (spell(actual) !== spell(expected)) return `${spell(actual)} instead of ${spell(expected)}`;
  const close = isFloat(expected.dtype) ? nearness(expected.dtype, absolute) : equal;
  for (let i = 0; i < expected.data.length; i++) {
    if (!close(actual.data[i] as number, expected.data[i] as number)) {
      return `element ${i}: ${actual.data[i]} instead of ${expected.data[i]}`;
    }
  }
  return undefined;
}

const equal = (actual: number, expected: number) => Object.is(actual, expected) || actual === expected;

/** float4 and float8 are stored results of one rounding: exact. float16 and bfloat16 may differ by two units in the last
 * place, since a function body rounds after each of its operators. */
function nearness(dtype: DType, absolute: number): (actual: number, expected: number) => boolean {
  if (/float[48]/.test(dtype)) return equal;
  const unit = dtype === 'bfloat16' ? 2 ** -6 : dtype === 'float16' ? 2 ** -9 : 0;
  const relative = Math.max(RELATIVE, unit);
  return (actual, expected) =>
    equal(actual, expected) || Math.abs(actual - expected) <= absolute + relative * Math.abs(expected);
}
