import { GossamerError } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import { canonicalForm } from '../native/canonical/canonical-form.js';
import { loadTfjs } from '../tfjs/backend.js';
import { checkCoverage, typesOf } from '../tfjs/coverage.js';
import { TfjsProgram } from '../tfjs/program.js';
import type { Engine } from './engine.js';
import type { Feeds } from './feeds.js';
import { modelInputs, modelOutputs } from './model-ports.js';
import { modelOf } from './model-of.js';
import type { PortSpec } from './port-spec.js';

/**
 * TensorFlow.js (docs/tfjs-engine.md), an optional peer: the way to a GPU. Throws ERR_ENGINE_COVERAGE for operators it lacks,
 * ERR_ENGINE_MISSING where no backend is installed.
 */
export const tfjsEngine: Engine = {
  name: 'tfjs',

  async open(source, options) {
    const model = await modelOf(source);
    options.signal?.throwIfAborted();
    const { model: canonical, warnings, types: table } = canonicalForm(model);
    const types = typesOf(table);
    checkCoverage(canonical, types, warnings);
    const program = new TfjsProgram(canonical, types, await loadTfjs());
    const inputs = modelInputs(model);
    return {
      inputs,
      outputs: modelOutputs(model),
      async run(feeds, wanted) {
        checkFeeds(feeds, inputs);
        return program.run(feeds, wanted);
      },
      dispose: async () => program.dispose(),
    };
  },
};

function checkFeeds(feeds: Feeds, ports: readonly PortSpec[]): void {
  for (const { name, dtype, shape } of ports) {
    const tensor = feeds[name];
    if (!tensor) continue;
    const fits = shape?.every((dim, axis) => typeof dim !== 'number' || dim === tensor.dims[axis]) ?? true;
    if (
      (dtype ?? tensor.dtype) === tensor.dtype &&
      fits &&
      (shape?.length ?? tensor.dims.length) === tensor.dims.length
    )
      continue;
    throw new GossamerError<RuntimeErrorCode>(
      'ERR_FEEDS',
      `input ${name}: expected ${dtype}[${shape?.join(', ')}], received ${tensor.dtype}[${tensor.dims.join(', ')}]`,
    );
  }
}
