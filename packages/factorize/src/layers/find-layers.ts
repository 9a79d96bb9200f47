import {
  type LayerFilter,
  type Model,
  type Node,
  type Value,
  weightLayout,
  weightsOf,
  type WeightView,
} from '@gossamer/graph';
import type { Method } from '../methods/method.js';
import { refuseLayer } from './refuse-layer.js';

/** Layers that read one stored weight in the same form: factored once. */
export interface Layer {
  /** In graph order. */
  readonly views: readonly [WeightView, ...WeightView[]];
}

/** A layer that stays as it is. */
export interface LeftLayer {
  readonly view: WeightView;
  readonly reason: string;
}

/**
 * Every layer with a constant weight in the main graph and its subgraphs: those to factor, and those to leave, each with the reason. Function bodies hold no initializers and
 * are left out, as are embeddings.
 */
export function findLayers(
  model: Model,
  method: Method,
  filter: LayerFilter,
): { readonly layers: Layer[]; readonly left: LeftLayer[] } {
  const bySource = new Map<Value, WeightView[]>();
  for (const scope of model.graph.scopes()) {
    for (const node of scope.nodes()) {
      for (const view of weightsOf(node)) {
        const known = bySource.get(view.source) ?? [];
        known.push(view);
        bySource.set(view.source, known);
      }
    }
  }
  const layers: Layer[] = [];
  const left: LeftLayer[] = [];
  for (const views of bySource.values()) {
    const reasons = views.map((view) => filter(view.node) ?? refuseLayer(view) ?? method.refuse(view));
    const shared = reasons.every((reason) => reason === undefined) ? refuseShared(views) : undefined;
    const first = reasons.findIndex((reason) => reason !== undefined);
    if (first < 0 && shared === undefined) {
      layers.push({ views: views as [WeightView, ...WeightView[]] });
      continue;
    }
    views.forEach((view, i) => {
      const kept = `shares its weight with ${views[first]?.layerId}, which is left`;
      if (view.role !== 'embedding') left.push({ view, reason: reasons[i] ?? shared ?? kept });
    });
  }
  return { layers, left };
}

/** Why a weight cannot be replaced for all that read it. */
function refuseShared(views: readonly WeightView[]): string | undefined {
  const [first] = views as [WeightView];
  const form = (view: WeightView) => JSON.stringify([view.op, view.inputIndex, view.shape, weightLayout(view)]);
  const other = views.find((view) => form(view) !== form(first));
  if (other) return `shares its weight with ${other.layerId} in another form`;
  const { source } = first;
  if (source.isInput) return 'its weight is an input of the model';
  return isReadOnlyBy(source, views) ? undefined : 'its weight is read by more than layers: it would stay in the file';
}

/** True where every reader of a value is one of the weight slots, or leads to nothing else. */
function isReadOnlyBy(value: Value, views: readonly WeightView[]): boolean {
  if (value.isOutput) return false;
  const isOnTheWay = (node: Node) => views.some(({ chain }) => chain.includes(node));
  return value.uses.every((use) => {
    if (views.some(({ node, inputIndex }) => use.node === node && use.index === inputIndex)) return true;
    return isOnTheWay(use.node) && use.node.outputs.every((output) => !output || isReadOnlyBy(output, views));
  });
}
