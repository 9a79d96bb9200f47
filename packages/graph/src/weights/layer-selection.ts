import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';

/** Why a layer may not be touched; undefined when it may. */
export type LayerFilter = (node: Node) => string | undefined;

/** Which layers are meant. */
export interface LayerPatterns {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Rules of single layers. */
  readonly layers?: readonly { readonly match: string }[];
}

/**
 * Makes the filter of `include` and `exclude`. A pattern is a layer id, an operator name (`Conv`, `com.microsoft::Attention`), or a
 * glob over ids, where `*` stands for any characters and `?` for one. A pattern that picks nothing is a warning.
 */
export function layerFilter(
  model: Model,
  { include, exclude, layers = [] }: LayerPatterns,
): { filter: LayerFilter; warnings: string[] } {
  const warnings: string[] = [];
  const nodes = [...model.scopes()].flatMap((scope) => [...scope.nodes()]);
  for (const [list, patterns] of Object.entries({ include, exclude, layers: layers.map(({ match }) => match) })) {
    for (const pattern of patterns) {
      if (!nodes.some((node) => matchesLayer(pattern, node))) {
        warnings.push(`${list} ${JSON.stringify(pattern)}: expected a layer id, operator or glob, no layer matches`);
      }
    }
  }
  const filter = (node: Node) => {
    const excluded = exclude.find((pattern) => matchesLayer(pattern, node));
    if (excluded !== undefined) return `excluded by ${JSON.stringify(excluded)}`;
    if (include.length > 0 && !include.some((pattern) => matchesLayer(pattern, node))) return 'not in include';
    return undefined;
  };
  return { filter, warnings };
}

/** True where `pattern` (a layer id, an operator name, or a glob over ids) picks the node. */
export function matchesLayer(pattern: string, node: Node): boolean {
  if (pattern === node.id || pattern === node.kind || pattern === node.op) return true;
  return /[*?]/.test(pattern) && globToRegExp(pattern).test(node.id);
}

const compiled = new Map<string, RegExp>();

function globToRegExp(glob: string): RegExp {
  const cached = compiled.get(glob);
  if (cached) return cached;
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const expression = new RegExp(`^${source}$`, 's');
  compiled.set(glob, expression);
  return expression;
}
