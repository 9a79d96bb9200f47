import { type Graph, Tensor, type Value, type WeightView } from '@gossamer/graph';
import { packInt4 } from '@gossamer/kernels';
import { readBehindCast } from '../forms/read-behind-cast.js';
import { type QuantizedWeight, weightBytes } from './quantize-channels.js';

/** The initializers of a quantized weight. */
export interface WeightValues {
  readonly codes: Value;
  readonly scale: Value;
  readonly zeroPoint: Value;
}

export interface StoredWeight {
  readonly values: WeightValues;
  /** Bytes that were added: 0 when another layer stored the same codes before. */
  readonly bytes: number;
}

/**
 * Keeps quantized weights as initializers of the scope their stored tensor came from, each once: layers that share a weight, also from
 * different branches, share its codes.
 */
export class CodeStore {
  readonly #known = new Map<Value, Map<string, WeightValues>>();

  /** `form` names how `weight` was laid out from what `view` sees; equal forms of one weight are one. */
  add(view: WeightView, weight: QuantizedWeight, form: string): StoredWeight {
    return this.addStored(view.source, weight, [form, orientation(view)].join());
  }

  /** The same for codes in the order of the stored tensor itself. */
  addStored(source: Value, weight: QuantizedWeight, form: string): StoredWeight {
    const known = this.#known.get(source) ?? new Map<string, WeightValues>();
    this.#known.set(source, known);
    const key = [form, ...weight.codes.dims, weight.axis, weight.scale.hash()].join();
    const found = known.get(key);
    if (found) return { values: found, bytes: 0 };
    const values = addWeight(source.graph, source.name, weight);
    known.set(key, values);
    return { values, bytes: weightBytes(weight) };
  }
}

function addWeight(graph: Graph, name: string, weight: QuantizedWeight): WeightValues {
  return {
    codes: addCodes(graph, name, weight),
    scale: graph.addInitializer(`${name}_scale`, weight.scale),
    zeroPoint: graph.addInitializer(`${name}_zero_point`, weight.zeroPoint),
  };
}

/** Codes of 4 bits lie behind a Cast to 8, which ONNX Runtime runs when it opens the model: its integer kernels take no others. */
function addCodes(graph: Graph, name: string, { codes, bits }: QuantizedWeight): Value {
  const wide = graph.addInitializer(`${name}_quantized`, codes);
  if (bits !== 4) return wide;
  const isSigned = codes.dtype === 'int8';
  const bytes = codes.bytes();
  const numbers = isSigned ? new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
  return readBehindCast(wide, Tensor.of(isSigned ? 'int4' : 'uint4', codes.dims, packInt4(numbers)));
}

/** What the chain does to the order of elements. */
function orientation({ chain }: WeightView): string {
  const permutations = chain
    .filter(({ op }) => op === 'Transpose')
    .map((node) => node.ints('perm', undefined)?.join('-'));
  return permutations.map((order) => order ?? 'reversed').join('/');
}

/** The scale with ones for every axis but its own, so that it multiplies codes of `shape` elementwise. */
export function broadcastScale({ scale, axis }: QuantizedWeight, shape: readonly number[]): QuantizedWeight['scale'] {
  return Tensor.of(
    'float32',
    shape.map((dim, i) => (i === axis ? dim : 1)),
    scale.toFloat32(),
  );
}
