import type { Model } from '@gossamer/graph';
import { removeDeadCode } from './remove-dead-code.js';
import type { ResolvedOptions } from './resolve-options.js';

const MICROSOFT = 'com.microsoft';

/** The key of the provenance in metadata_props. */
export const PROVENANCE_KEY = 'gossamer.quantize';

/** IR version from which 4-bit types exist. */
const INT4_IR_VERSION = 10;

/** Removes what became dead, imports the domains that are used, and writes the provenance. */
export function finishModel(model: Model, options: ResolvedOptions, samples: number): void {
  removeDeadCode(model);
  let usesMicrosoft = false;
  let usesInt4 = false;
  for (const scope of model.graph.scopes()) {
    for (const node of scope.nodes()) usesMicrosoft ||= node.domain === MICROSOFT;
    for (const { initializer } of scope.initializers()) usesInt4 ||= initializer?.dtype.endsWith('int4') ?? false;
  }
  if (usesMicrosoft && !model.opsets.has(MICROSOFT)) model.opsets.set(MICROSOFT, 1);
  if (usesInt4) model.irVersion = Math.max(model.irVersion, INT4_IR_VERSION);
  model.metadata.set(PROVENANCE_KEY, JSON.stringify(provenance(options, samples)));
}

function provenance(options: ResolvedOptions, samples: number): Record<string, unknown> {
  const { data, accuracy, schemes, threads: _, signal: __, onProgress: ___, ...rest } = options;
  const goal = accuracy && {
    metric: accuracy.metric().name,
    maxDrop: accuracy.maxDrop,
    data: accuracy.data.description,
  };
  return {
    ...rest,
    ...(schemes ? { algorithm: schemes.algorithm.name, schemes: schemes.names } : {}),
    ...(goal ? { accuracy: goal } : {}),
    ...(data ? { data: data.description, samples } : {}),
  };
}
