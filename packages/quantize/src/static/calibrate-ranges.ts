import { inferTypes, type Model, type TypeTable, tensorType, type ValueType } from '@gossamer/graph';
import { type Calibration, calibrate, chooseRange, modelInputs, type ObserveRequest } from '@gossamer/runtime';
import type { ResolvedOptions } from '../resolved-options.js';
import { inputChannelAxis } from '../saturation/code-bounds.js';
import type { RangeProvider } from './activation-params.js';
import { isWide } from './choose-units.js';
import type { StaticChoice } from './unit.js';

/** Types of all values for the shapes of the first calibration sample. */
export async function inferFromData(model: Model, options: ResolvedOptions): Promise<TypeTable> {
  const inputs: Record<string, ValueType> = {};
  for await (const batch of options.data!.batches({ inputs: modelInputs(model), batchSize: 1, limit: 1 })) {
    const feeds = { ...batch.feeds, ...batch.steps?.[0] };
    for (const [name, tensor] of Object.entries(feeds)) inputs[name] = tensorType(tensor.dtype, tensor.dims);
    break;
  }
  return inferTypes(model, { inputs });
}

/** Ranges of input channels, which say whether sums can saturate. */
export function channelRequests({ units }: StaticChoice, types: TypeTable, options: ResolvedOptions): ObserveRequest[] {
  if (options.reduceRange !== 'auto') return [];
  return units.flatMap((unit) => {
    const axis = unit.weight && inputChannelAxis(unit, types);
    return axis === undefined ? [] : [{ value: unit.node.input(unit.slots[0]!)!, axis }];
  });
}

/** Runs the calibration data once and makes the range of every value in `values`. */
export async function calibrateRanges(
  model: Model,
  values: readonly ObserveRequest[],
  options: ResolvedOptions,
): Promise<{ rangeOf: RangeProvider; calibration: Calibration }> {
  const { calibrator, percentile, threads, signal, onProgress } = options;
  const calibration = await calibrate(model, values, options.data!, {
    histogram: calibrator !== 'minmax',
    ...(threads === undefined ? {} : { threads }),
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
  });
  const rangeOf: RangeProvider = (value) => {
    const statistics = calibration.statistics.get(value.name);
    if (!statistics || !(statistics.max >= statistics.min)) return undefined;
    return chooseRange(statistics, {
      calibrator,
      percentile,
      bits: isWide(options.activations) ? 16 : 8,
      mapping: 'asymmetric',
    });
  };
  return { rangeOf, calibration };
}
