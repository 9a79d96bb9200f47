import { modelBytes } from '@gossamer/graph/onnx';
import { mixedPrecision as allot, type MixedPrecisionOptions, type MixedPrecisionResult } from '@gossamer/quantize';
import { type ModelInput, toModel } from './onnx-model.js';
import { quantize } from './quantize.js';

export type { LayerBits, MixedPrecisionOptions, MixedPrecisionResult } from '@gossamer/quantize';

/** Choices of one set of scales differ little in what their files hold besides: more rounds than these were never needed. */
const ROUNDS = 8;

/**
 * Chooses the bits of each layer's weights so that the file keeps to `budget.bytes`, a run to `budget.latency`, and the model loses as little as it can. The result's `rules` are what
 * `quantize` takes as `layers` in weight-only mode; its `bytes` are those of files. Codes below 8 bits need constants and nodes that expand them, which
 * no sum over layers knows: the budget of the sum is lowered until the file fits, each round from the measurements there are. Throws ERR_QUANTIZE_OPTION.
 */
export async function mixedPrecision(input: ModelInput, options: MixedPrecisionOptions): Promise<MixedPrecisionResult> {
  const source = await toModel(input);
  const before = modelBytes(source.ir);
  let journal = options.journal ?? {};
  let bytes = options.budget.bytes;
  for (let round = 1; ; round++) {
    const budget = { ...options.budget, ...(bytes === undefined ? {} : { bytes }) };
    const result = await allot(source.ir, { ...options, journal, budget });
    journal = { ...journal, ...result.journal };
    const { signal, optimize } = options;
    const how = { ...(signal ? { signal } : {}), ...(optimize === undefined ? {} : { optimize }) };
    const made = await quantize(source, { ...how, mode: 'weight-only', layers: result.rules });
    const after = modelBytes(made.model.ir);
    const excess = after - (options.budget.bytes ?? Infinity);
    if (bytes === undefined || excess <= 0 || round === ROUNDS) return { ...result, journal, bytes: { before, after } };
    bytes = Math.min(bytes, result.bytes.after) - excess;
  }
}
