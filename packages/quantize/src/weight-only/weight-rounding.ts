import type { LayerFilter, WeightView } from '@gossamer/graph';
import { dequantizeMatrix, roundToGrid } from '../grid/quantized-matrix.js';
import type { RoundWeight } from '../grid/round-weight.js';
import { refuseLayer } from '../layers.js';
import type { ResolvedOptions } from '../resolved-options.js';
import { findScheme } from '../schemes/registry.js';
import { makeSchemes, type SchemeOptions } from '../schemes/scheme-options.js';
import { BLOCKED, LEAST_ELEMENTS, planView } from './plan-view.js';

const NONE: ReadonlySet<never> = new Set();

/** How weight-only mode with these options rounds a weight to nearest; undefined for one that it leaves in float. */
export function weightRounding(
  options: ResolvedOptions,
  filter: LayerFilter,
): (view: WeightView) => RoundWeight | undefined {
  if (options.isFloat16) return () => undefined;
  const schemes = options.schemes ?? plainSchemes(options);
  return (view) => {
    const refused = filter(view.node) ?? refuseLayer({ node: view.node, views: [view] });
    if (refused !== undefined || view.stored.length < LEAST_ELEMENTS) return undefined;
    const plan = planView(view, NONE, schemes, options)?.plan;
    return plan && ((data, rows, columns) => dequantizeMatrix(roundToGrid(data, plan.fit(data, rows, columns))));
  };
}

/** Plain codes as schemes: what has no kernel on blocks is stored in 8 bits with a scale a row. */
function plainSchemes(options: ResolvedOptions): SchemeOptions {
  const { weights, granularity, blockSize, edgeBits, clip } = options;
  const isInBlocks = granularity === 'perBlock';
  const schemes = makeSchemes({ weights, blockSize, edgeBits, clip, ...(isInBlocks ? {} : { granularity }) });
  const stored = { scheme: findScheme('int8'), granularity: 'row', blockSize } as const;
  return {
    ...schemes,
    choose: (node, isEdge) => (BLOCKED.has(node.kind) ? schemes.choose(node, isEdge) : stored),
  };
}
