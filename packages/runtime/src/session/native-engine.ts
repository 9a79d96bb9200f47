import { compileModel } from '../native/compile-model.js';
import { nativeCapabilities, NativeProgram } from '../native/open-native.js';
import type { Engine } from './engine.js';
import { modelInputs, modelOutputs } from './model-ports.js';
import { modelOf } from './model-of.js';

/** Gossamer's own engine (docs/engine.md): a model compiled once, then run in C++. Throws ERR_ENGINE_COVERAGE for operators it lacks. */
export const nativeEngine: Engine = {
  name: 'native',

  async open(source, options) {
    const model = await modelOf(source);
    options.signal?.throwIfAborted();
    const program = new NativeProgram(compileModel(model, { capabilities: nativeCapabilities() }), model);
    const { threads } = options;
    return {
      inputs: modelInputs(model),
      outputs: modelOutputs(model),
      run: (feeds, wanted, signal) => program.run(feeds, wanted, { threads, signal }),
      dispose: async () => program.dispose(),
    };
  },
};
