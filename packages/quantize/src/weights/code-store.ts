import { type Graph, Tensor, type Value, type WeightView } from '@gossamer/graph';
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
    codes: graph.addInitializer(`${name}_quantized`, weight.codes),
    scale: graph.addInitializer(`${name}_scale`, weight.scale),
    zeroPoint: graph.addInitializer(`${name}_zero_point`, weight.zeroPoint),
  };
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
