import { layerFilter, type Model, type Node } from '@gossamer/graph';
import type { ModelGroups } from '../groups/groups-of.js';
import type { PruneGroup } from '../groups/prune-group.js';
import { groupLayers } from './group-layers.js';
import type { ResolvedStructure } from './resolve-structure-options.js';

/** A group with the layers that make it. */
export interface GroupChoice {
  readonly group: PruneGroup;
  readonly layers: readonly string[];
  /** Why it is not meant; undefined where it is. */
  readonly left: string | undefined;
}

/** Which groups the options mean. */
export function selectGroups(
  model: Model,
  { groups }: ModelGroups,
  { patterns, include, exclude }: ResolvedStructure,
): { readonly choices: GroupChoice[]; readonly warnings: string[] } {
  const wanted = layerFilter(model, { include, exclude: [] });
  const unwanted = layerFilter(model, { include: [], exclude });
  const layersOf = groupLayers(model);
  const leftBy = (group: PruneGroup, layers: readonly Node[]): string | undefined => {
    if (!patterns.has(group.kind as never)) return `pattern ${[...patterns].join(', ')} does not mean ${group.kind}s`;
    const excluded = layers.find((node) => unwanted.filter(node) !== undefined);
    if (excluded) return `${excluded.id}: ${unwanted.filter(excluded)}`;
    return layers.some((node) => wanted.filter(node) === undefined) ? undefined : 'not in include';
  };
  const choices = groups.map((group) => {
    const layers = layersOf(group);
    return { group, layers: layers.map(({ id }) => id), left: leftBy(group, layers) };
  });
  return { choices, warnings: [...wanted.warnings, ...unwanted.warnings] };
}
