import { type LayerFilter, type Model, type WeightView, weightsOf } from '@gossamer/graph';

/** A weight that may be pruned, once for all layers that read it. */
export interface PrunableWeight {
  readonly view: WeightView;
  /** Layers that read the same stored tensor, the view's own first. */
  readonly layers: readonly string[];
}

/** A layer whose weights stay as they are. */
export interface LeftLayer {
  readonly name: string;
  readonly op: string;
  readonly reason: string;
}

/** The weights of products, convolutions and recurrent layers, each stored tensor once, and the layers that are left, in graph order. */
export function findWeights(model: Model, filter: LayerFilter): { weights: PrunableWeight[]; left: LeftLayer[] } {
  const bySource = new Map<unknown, { view: WeightView; layers: string[] }>();
  const left: LeftLayer[] = [];
  const refused = new Set<unknown>();
  for (const scope of model.scopes()) {
    for (const node of scope.nodes()) {
      for (const view of weightsOf(node)) {
        const reason = filter(node) ?? refuse(view);
        if (reason !== undefined) {
          left.push({ name: view.layerId, op: node.kind, reason });
          refused.add(view.source);
          continue;
        }
        const known = bySource.get(view.source);
        if (known) known.layers.push(view.layerId);
        else bySource.set(view.source, { view, layers: [view.layerId] });
      }
    }
  }
  // A tensor that a layer wants as it is stays so for all of its readers.
  const weights: PrunableWeight[] = [];
  for (const [source, weight] of bySource) {
    if (!refused.has(source)) weights.push(weight);
    else
      for (const name of weight.layers)
        left.push({ name, op: weight.view.op, reason: 'a layer that is left reads the same weight' });
  }
  return { weights, left };
}

function refuse(view: WeightView): string | undefined {
  if (view.role === 'embedding') return 'rows of a table are looked up, not multiplied';
  if (view.isQuantized) return 'its weight is quantized already';
  return view.stored.dtype === 'float32' || view.stored.dtype === 'float16'
    ? undefined
    : `its weight is ${view.stored.dtype}`;
}
