import { GossamerError, type Model, SymbolicDim } from '@gossamer/graph';

/** Throws ERR_OPTION when `bind` gives a size to a symbol that no input, output or declared value of the model has. */
export function checkBindings(model: Model, bind: Readonly<Record<string, number>>): void {
  const symbols = new Set<string>();
  for (const scope of model.scopes()) {
    for (const { type } of scope.values()) {
      if (type?.kind !== 'tensor') continue;
      for (const dim of type.shape ?? []) if (dim instanceof SymbolicDim) symbols.add(dim.key);
    }
  }
  const stranger = Object.keys(bind).find((name) => !symbols.has(name));
  if (stranger === undefined) return;
  const known =
    symbols.size > 0 ? `one of the symbols ${[...symbols].sort().join(', ')}` : 'no name: all sizes are fixed';
  throw new GossamerError('ERR_OPTION', `bind: expected ${known}, received ${stranger}`);
}
