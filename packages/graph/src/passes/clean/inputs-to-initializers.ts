import type { Model } from '../../ir/model.js';
import type { Value } from '../../ir/value.js';
import { definePass } from '../pass.js';

/** From this IR version on an initializer need not be an input, and one that is may be replaced by the caller. */
const DEFAULTS_SINCE = 4;

/** The inputs of the main graph that have data of their own and carry no state. */
export function inputsWithData({ graph }: Model): Value[] {
  const carried = new Set(graph.state.map((link) => link.input));
  return graph.inputs.filter((value) => (value.initializer ?? value.sparse) && !carried.has(value));
}

/** Makes plain initializers of inputs with data; their data say what their types did. */
export function takeOffInputs({ graph }: Model, values: readonly Value[]): void {
  for (const value of values) {
    graph.removeInput(value);
    graph.setType(value, undefined);
  }
}

/**
 * Takes the weights off the inputs of a model of IR version 3 or less, and raises it to version 4. Until then a file had to list each
 * initializer as an input, so that being one says nothing; ONNX Runtime takes these for constant too, and never lets a caller replace
 * them. From version 4 on such an input is a default that a caller may replace: it stays, with a warning (see freeze-default-inputs).
 */
export const inputsToInitializers = definePass({
  name: 'inputs-to-initializers',
  exactness: 'exact',

  run(model, context) {
    const values = inputsWithData(model);
    if (values.length === 0) return { changes: 0 };
    if (model.irVersion >= DEFAULTS_SINCE) {
      context.warn(
        `${values.length} initializers are inputs too: a caller may replace them, so they are not taken as constant`,
      );
      return { changes: 0 };
    }
    context.warn(
      `${values.length} initializers were inputs too, as IR version ${model.irVersion} demands: now they are constant (IR version 4)`,
    );
    takeOffInputs(model, values);
    model.irVersion = DEFAULTS_SINCE;
    return { changes: values.length };
  },
});
