import type { Model } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { loadModel, parseModel } from '@gossamer/graph/onnx';
import type { Engine, ModelSource } from './engine.js';
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

async function modelOf(source: ModelSource): Promise<Model> {
  if (source.kind === 'model') return source.model;
  return source.kind === 'path' ? loadModel(source.path) : parseModel(source.bytes);
}
