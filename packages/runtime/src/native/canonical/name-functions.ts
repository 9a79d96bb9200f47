import type { Model } from '@gossamer/graph';

/**
 * Renames the functions that `model` still calls, in place, to names that no operator has: what a file defines is what its calls mean, whatever
 * operators the engine has under the names that it chose.
 */
export function nameFunctions(model: Model): void {
  const names = new Set(model.functions.map(({ name }) => name));
  const renamed = new Map(
    model.functions.map((definition) => {
      let name = `${definition.name}_of_file`;
      while (names.has(name)) name = `${name}_`;
      names.add(name);
      return [definition, { ...definition, name, origin: undefined }] as const;
    }),
  );
  for (const scope of model.scopes()) {
    for (const node of scope.nodes()) {
      const definition = model.function(node.domain, node.op, node.overload);
      if (definition) scope.retarget(node, { op: renamed.get(definition)!.name });
    }
  }
  model.functions.splice(0, model.functions.length, ...renamed.values());
}
