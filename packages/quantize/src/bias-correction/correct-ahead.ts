import { type LayerFilter, type Model, toWeightMatrix, type WeightView } from '@gossamer/graph';
import { refuseLayer } from '../layers.js';
import type { ResolvedOptions } from '../resolved-options.js';
import { unitForm } from '../static/unit-form.js';
import { quantizeChannelWeight } from '../weights/quantize-channels.js';
import { LEAST_ELEMENTS } from '../weight-only/plan-view.js';
import { weightRounding } from '../weight-only/weight-rounding.js';
import type { BiasCorrector } from './bias-corrector.js';
import { correctable } from './input-means.js';

/** Corrects biases of the float model, in place, for weights that will be rounded to nearest: in static mode, and in weight-only mode without schemes. */
export async function correctAhead(
  model: Model,
  corrector: BiasCorrector,
  options: ResolvedOptions,
  filter: LayerFilter,
): Promise<void> {
  const round = options.mode === 'static' ? staticRounding(options) : blockRounding(options, filter);
  for (const view of correctable(model)) {
    options.signal?.throwIfAborted();
    const refused = filter(view.node) ?? refuseLayer({ node: view.node, views: [view] });
    if (refused !== undefined) continue;
    const rounded = view.stored.length < LEAST_ELEMENTS ? undefined : await round(view);
    if (rounded) corrector.correct(view, rounded);
    else corrector.leave(view, 'its weights are too few');
  }
}

/** The weight as it will be, [groups, rows, columns]; undefined where it stays in float. */
type Rounding = (view: WeightView) => Promise<Float32Array | undefined>;

function blockRounding(options: ResolvedOptions, filter: LayerFilter): Rounding {
  const roundingOf = weightRounding(options, filter);
  return async (view) => {
    const round = roundingOf(view);
    if (!round) return undefined;
    const { groups, rows, columns, data } = toWeightMatrix(view);
    return round(data, groups * rows, columns);
  };
}

/** A scale a row, or one for the weight: what the integer kernels multiply by. (A weight that is tiny beside its bias gets a larger one there.) */
function staticRounding(options: ResolvedOptions): Rounding {
  return async (view) => {
    const { groups, rows, columns, data } = toWeightMatrix(view);
    const { perAxis, ...form } = unitForm(options, view.node);
    const { codes, scale, zeroPoint } = await quantizeChannelWeight(data, [groups * rows, columns], {
      ...form,
      axis: perAxis ? 0 : undefined,
      signal: options.signal,
    });
    const [all, scales, zeros] = [codes.toIntegers(), scale.toFloat32(), zeroPoint.toIntegers()];
    return data.map((_, i) => {
      const row = scales.length === 1 ? 0 : Math.floor(i / columns);
      return (all[i]! - zeros[row]!) * scales[row]!;
    });
  };
}
