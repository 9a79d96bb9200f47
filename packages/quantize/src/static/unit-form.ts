import { type LayerFilter, matchesLayer, type Node } from '@gossamer/graph';
import { badOption } from '../errors.js';
import type { LayerRule } from '../options.js';
import type { ResolvedOptions } from '../resolved-options.js';
import type { ChannelOptions } from '../weights/quantize-channels.js';

/** How the weight of a layer is quantized in static mode. */
export type UnitForm = Required<Pick<ChannelOptions, 'dtype' | 'bits' | 'reduceRange'>> & {
  readonly perAxis: boolean;
};

/** What a rule gives to a layer that stays as it is. */
const FLOAT = 'float32';

/** The form of `node`'s weight: by the first rule that matches, where there is one. */
export function unitForm(options: ResolvedOptions, node: Node): UnitForm {
  const rule = options.layers.find(({ match }) => matchesLayer(match, node));
  const { weights = options.weights, granularity = options.granularity } = rule ?? {};
  return {
    dtype: weights.startsWith('u') ? 'uint8' : 'int8',
    bits: weights.endsWith('4') ? 4 : 8,
    perAxis: granularity === 'perAxis',
    reduceRange: options.reduceRange === true,
  };
}

/** `filter`, and the rules that say float32. */
export function withFloatRules(filter: LayerFilter, layers: readonly LayerRule[]): LayerFilter {
  return (node) => {
    const rule = layers.find(({ match }) => matchesLayer(match, node));
    return filter(node) ?? (rule?.weights === FLOAT ? 'its rule says float32' : undefined);
  };
}

/** Throws ERR_QUANTIZE_OPTION for what no layer of static mode can have. */
export function checkStaticRules(layers: readonly LayerRule[]): void {
  layers.forEach(({ blockSize }, i) => {
    if (blockSize !== undefined) badOption(`layers[${i}].blockSize`, 'none in static mode', blockSize);
  });
}
