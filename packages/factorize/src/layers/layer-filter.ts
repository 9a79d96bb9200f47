import type { Model, Node } from '@gossamer/graph';

/** Why a layer may not be touched; undefined when it may. */
export type LayerFilter = (node: Node) => string | undefined;

/**
 * Makes the filter of `include` and `exclude`. A pattern is a layer id, an operator name (`Conv`), or a glob over ids, where `*` stands for any
 * characters and `?` for one. A pattern that picks nothing is a warning.
 */
export function layerFilter(
  model: Model,
  include: readonly string[],
  exclude: readonly string[],
): { readonly filter: LayerFilter; readonly warnings: string[] } {
  const nodes = [...model.scopes()].flatMap((scope) => [...scope.nodes()]);
  const warnings: string[] = [];
  const compiled = new Map<string, RegExp>();
  for (const pattern of [...include, ...exclude]) if (/[*?]/.test(pattern)) compiled.set(pattern, globOf(pattern));
  const matches = (pattern: string, node: Node) =>
    pattern === node.id ||
    pattern === node.kind ||
    pattern === node.op ||
    (compiled.get(pattern)?.test(node.id) ?? false);
  for (const [list, patterns] of Object.entries({ include, exclude })) {
    for (const pattern of patterns) {
      if (nodes.some((node) => matches(pattern, node))) continue;
      warnings.push(`${list} ${JSON.stringify(pattern)}: expected a layer id, operator or glob, no layer matches`);
    }
  }
  const filter = (node: Node) => {
    const excluded = exclude.find((pattern) => matches(pattern, node));
    if (excluded !== undefined) return `excluded by ${JSON.stringify(excluded)}`;
    if (include.length > 0 && !include.some((pattern) => matches(pattern, node))) return 'not in include';
    return undefined;
  };
  return { filter, warnings };
}

function globOf(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's');
}
