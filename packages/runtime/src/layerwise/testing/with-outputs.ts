import { inferTypes, type Model } from '@gossamer/graph';

/** A copy of `model` that gives the values called `names` besides. */
export function withOutputs(model: Model, names: readonly string[]): Model {
  const copy = model.clone();
  const types = inferTypes(copy);
  for (const name of names) {
    const value = copy.graph.value(name)!;
    if (value.isOutput) continue;
    if (!value.type) copy.graph.setType(value, types.typeOf(value));
    copy.graph.addOutput(value);
  }
  return copy;
}
