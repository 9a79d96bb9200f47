import { countMacs, type DimBindings, inferTypes, type Model, weightViews } from '@gossamer/graph';

/** A number before and after. */
export interface Change {
  readonly before: number;
  readonly after: number;
}

/** What a layer's weights were and are. */
export interface WeightChange {
  readonly name: string;
  readonly op: string;
  /** Elements of its weights; those of a tensor that several layers read count at the first. */
  readonly elements: Change;
  /** How many of them are 0. */
  readonly zeros: Change;
  /** Bytes that they are stored in, zeros or not. */
  readonly bytes: Change;
  /** Multiply-accumulates of one run, zeros included, open sizes that are not bound taken as 1; missing where shapes are not known. */
  readonly macs?: Change;
}

interface Counts {
  readonly op: string;
  readonly elements: number;
  readonly zeros: number;
  readonly bytes: number;
}

const NOTHING: Omit<Counts, 'op'> = { elements: 0, zeros: 0, bytes: 0 };

/** The layers with weights of `before`, in graph order, beside what became of them; one that is gone has 0 of everything. */
export function compareWeights(before: Model, after: Model, bind: DimBindings = {}): WeightChange[] {
  const [own, made] = [countsIn(before, bind), countsIn(after, bind)];
  return Array.from(own.layers, ([name, counts]) => {
    const now = made.layers.get(name) ?? NOTHING;
    const change = (key: 'elements' | 'zeros' | 'bytes') => ({ before: counts[key], after: now[key] });
    const [first, last] = [own.macs.get(name)?.macs, made.macs.get(name)?.macs];
    const isKnown = first !== undefined && (last !== undefined || !made.layers.has(name));
    return {
      name,
      op: counts.op,
      ...{ elements: change('elements'), zeros: change('zeros'), bytes: change('bytes') },
      ...(isKnown ? { macs: { before: first, after: last ?? 0 } } : {}),
    };
  });
}

const countsIn = (model: Model, bind: DimBindings) => ({
  layers: countLayers(model),
  macs: countMacs(model, inferTypes(model, { bind })).perLayer,
});

function countLayers(model: Model): Map<string, Counts> {
  const layers = new Map<string, Counts>();
  const seen = new Set<unknown>();
  for (const view of weightViews(model)) {
    const known = layers.get(view.layerId) ?? { op: view.node.kind, ...NOTHING };
    const counted = seen.has(view.source) ? NOTHING : countsOf(view.stored, view.toFloat32());
    seen.add(view.source);
    layers.set(view.layerId, {
      op: known.op,
      elements: known.elements + counted.elements,
      zeros: known.zeros + counted.zeros,
      bytes: known.bytes + counted.bytes,
    });
  }
  return layers;
}

function countsOf({ byteLength }: { readonly byteLength: number }, values: Float32Array) {
  let zeros = 0;
  for (const value of values) if (value === 0) zeros++;
  return { elements: values.length, zeros, bytes: byteLength };
}
