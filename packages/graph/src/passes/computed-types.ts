import { inferFromInputs } from '../inference/infer-types.js';
import type { TypeTable } from '../inference/type-table.js';
import type { Model } from '../ir/model.js';

/**
 * Types as they follow from the graph's inputs alone. Sizes that the file declares for other values are not believed, for they are often
 * stale: a batch size edited at the input leaves the old one everywhere else. Their dtypes and ranks are, where nothing is computed.
 *
 * The table answers for the values of `model` as it is now; values made later are unknown.
 */
export function computedTypes(model: Model): TypeTable {
  return inferFromInputs(model);
}
