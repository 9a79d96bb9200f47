import { inputsToInitializers, inputsWithData, takeOffInputs } from './inputs-to-initializers.js';
import { definePass } from '../pass.js';

/**
 * Takes every input that has data of its own off the inputs, whatever the IR version: for a model whose callers never replace its weights.
 * It changes the contract of the model, and says which inputs went; so it runs only when asked for by name.
 */
export const freezeDefaultInputs = definePass({
  name: 'freeze-default-inputs',
  exactness: 'exact',

  run(model, context) {
    const { changes } = model.irVersion < 4 ? inputsToInitializers.run(model, context) : { changes: 0 };
    const values = inputsWithData(model);
    for (const { name } of values) context.warn(`input ${name}: now a constant, which callers can no longer replace`);
    takeOffInputs(model, values);
    return { changes: changes + values.length };
  },
});
