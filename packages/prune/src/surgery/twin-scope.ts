import type { Graph, Model } from '@gossamer/graph';

/** Finds the scope of `model` that stands where a scope of another copy of it does; undefined where there is none. */
export function twinScope(model: Model): (scope: Graph) => Graph | undefined {
  const own = [...model.graph.scopes()];
  const places = new Map<Graph, number>();
  return (scope) => {
    if (!places.has(scope)) [...rootOf(scope).scopes()].forEach((each, place) => places.set(each, place));
    return own[places.get(scope)!];
  };
}

const rootOf = (scope: Graph): Graph => (scope.owner ? rootOf(scope.owner.node.graph) : scope);
