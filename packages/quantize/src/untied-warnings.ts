import type { Model } from '@gossamer/graph';
import { findLayers, tiedSources } from './layers.js';
import type { LayerReport } from './report.js';
import type { ResolvedOptions } from './resolved-options.js';

/** A stored tensor that an embedding and others read, and the ids of those layers. */
export interface Tie {
  readonly name: string;
  readonly layers: readonly string[];
}

/** The ties of a model that is about to be quantized. */
export function findTies(model: Model): Tie[] {
  const layers = findLayers(model);
  return Array.from(tiedSources(layers), (source) => ({
    name: source.name,
    layers: layers.filter(({ views }) => views.some((view) => view.source === source)).map(({ node }) => node.id),
  }));
}

/** Which of the ties the result does not hold any more, each with the reason. */
export function untiedWarnings(
  ties: readonly Tie[],
  layers: readonly LayerReport[],
  options: ResolvedOptions,
): string[] {
  const actions = new Map(layers.map(({ name, action }) => [name, action]));
  return ties.flatMap(({ name, layers: readers }) => {
    const left = readers.filter((id) => (actions.get(id) ?? 'left-float') === 'left-float');
    if (left.length === readers.length) return [];
    const tie = `${name} was tied (${readers.join(', ')})`;
    if (left.length > 0) return [`${tie}: stored in float for ${left.join(', ')} and as codes for the others`];
    const reason = cannotShare(options);
    return reason === undefined ? [] : [`${tie}: its codes are stored once for each, ${reason}`];
  });
}

/** Why an embedding and a product do not read the same codes; undefined where they do. */
function cannotShare({ mode, reduceRange, granularity, blockFormat }: ResolvedOptions): string | undefined {
  if (mode === 'static') return 'as static integer products read them in another order';
  if (mode === 'dynamic') return reduceRange ? 'of 8 and of 7 bits (reduceRange)' : undefined;
  if (granularity !== 'perBlock') return 'as float products read them in another order';
  return blockFormat === 'dequantize-linear' ? 'of rows and of blocks (dequantize-linear)' : undefined;
}
