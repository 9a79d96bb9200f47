import { evaluate } from '@gossamer/graph/eval';
import type { Engine } from './engine.js';
import { modelOf } from './model-of.js';
import { modelInputs, modelOutputs } from './model-ports.js';

/** The reference evaluator (graph/eval): readable, slow, the definition of what a model computes. */
export const referenceEngine: Engine = {
  name: 'reference',

  async open(source) {
    const model = await modelOf(source);
    return {
      inputs: modelInputs(model),
      outputs: modelOutputs(model),
      run: async (feeds, outputs, signal) => evaluate(model, feeds, { outputs, ...(signal ? { signal } : {}) }),
      dispose: async () => undefined,
    };
  },
};
