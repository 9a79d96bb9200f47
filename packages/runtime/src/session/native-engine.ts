import { compileModel } from '../native/compile-model.js';
import { nativeCapabilities, NativeProgram } from '../native/open-native.js';
import { detectState } from './detect-state.js';
import type { Engine } from './engine.js';
import { modelInputs, modelOutputs } from './model-ports.js';
import { modelOf } from './model-of.js';

/** Gossamer's own engine (docs/engine.md): a model compiled once, then run in C++. Throws ERR_ENGINE_COVERAGE for operators it lacks. */
export const nativeEngine: Engine = {
  name: 'native',

  async open(source, options) {
    const model = await modelOf(source);
    options.signal?.throwIfAborted();
    const plan = compileModel(model, { capabilities: nativeCapabilities(), requantize: options.requantize });
    const program = new NativeProgram(plan, model, options.state ?? detectState(model));
    const { threads } = options;
    return {
      inputs: modelInputs(model),
      outputs: modelOutputs(model),
      run: (feeds, wanted, signal, into) => program.run(feeds, wanted, { threads, signal, into }),
      carry: () => {
        const state = program.createState();
        return {
          run: (feeds, wanted, signal, into) => program.run(feeds, wanted, { threads, signal, state, into }),
          reset: () => state.reset(),
        };
      },
      profile: (on) => program.times(on),
      dispose: async () => program.dispose(),
    };
  },
};
