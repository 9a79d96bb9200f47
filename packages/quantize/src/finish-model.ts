import type { Model } from '@gossamer/graph';
import { removeDeadCode } from './remove-dead-code.js';
import type { ResolvedOptions } from './resolved-options.js';

const MICROSOFT = 'com.microsoft';

/** The key of the provenance in metadata_props. */
export const PROVENANCE_KEY = 'gossamer.quantize';

/** IR versions from which types exist. */
const IR_VERSIONS: readonly (readonly [type: RegExp, version: number])[] = [
  [/int4$/, 10],
  [/^float8/, 9],
];

/** Removes what became dead, imports the domains that are used, and writes the provenance. */
export function finishModel(model: Model, options: ResolvedOptions, samples: number): void {
  removeDeadCode(model);
  let usesMicrosoft = false;
  for (const scope of model.graph.scopes()) {
    for (const node of scope.nodes()) usesMicrosoft ||= node.domain === MICROSOFT;
    for (const { initializer } of scope.initializers()) {
      const needed = IR_VERSIONS.find(([type]) => initializer && type.test(initializer.dtype));
      if (needed) model.irVersion = Math.max(model.irVersion, needed[1]);
    }
  }
  if (usesMicrosoft && !model.opsets.has(MICROSOFT)) model.opsets.set(MICROSOFT, 1);
  model.metadata.set(PROVENANCE_KEY, JSON.stringify(provenance(options, samples)));
}

function provenance(options: ResolvedOptions, samples: number): Record<string, unknown> {
  const {
    data,
    accuracy,
    schemes,
    rounding,
    isFloat16,
    folder: ____,
    threads: _,
    signal: __,
    onProgress: ___,
    layers,
    ...rest
  } = options;
  const goal = accuracy && {
    metric: accuracy.metric().name,
    maxDrop: accuracy.maxDrop,
    data: accuracy.data.description,
  };
  return {
    ...rest,
    ...(layers.length > 0 ? { layers } : {}),
    ...(schemes ? { algorithm: schemes.algorithm.name, schemes: schemes.names } : {}),
    ...(rounding ? { algorithm: rounding.name } : {}),
    ...(isFloat16 ? { weights: 'float16' } : {}),
    ...(goal ? { accuracy: goal } : {}),
    ...(data ? { data: data.description, samples } : {}),
  };
}
