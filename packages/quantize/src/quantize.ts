import { layerFilter, type Model } from '@gossamer/graph';
import { runPasses } from '@gossamer/graph/passes';
import { BiasCorrector } from './bias-correction/bias-corrector.js';
import { correctAhead } from './bias-correction/correct-ahead.js';
import { meansOf } from './bias-correction/input-means.js';
import { quantizeDynamic } from './dynamic/quantize-dynamic.js';
import { equalize } from './equalize/equalize.js';
import { storeNarrow } from './float32-form.js';
import { finishModel } from './finish-model.js';
import { assertIntegerOnly } from './integer-only/assert-integer-only.js';
import { fallbackWarnings } from './legality/fallback-warnings.js';
import type { QuantizeOptions } from './options.js';
import { prepareModel } from './prepare-model.js';
import { type QuantizeReport, ReportBuilder } from './report.js';
import { resolveOptions } from './resolve-options.js';
import { withFloatRules } from './static/unit-form.js';
import { quantizeStatic } from './static/quantize-static.js';
import { constantBytes } from './tensor-bytes.js';
import { quantizeSchemes } from './weight-only/quantize-schemes.js';
import { storeFloat16 } from './weight-only/store-float16.js';
import { quantizeWeightOnly } from './weight-only/quantize-weight-only.js';
import { weightRounding } from './weight-only/weight-rounding.js';
import { findTies, untiedWarnings } from './untied-warnings.js';
import { refuseQuantized } from './weights/quantized-already.js';

export interface QuantizeResult {
  readonly model: Model;
  /** The float model behind `equalize`, whose values the quantized model has; missing without it. */
  readonly equalized?: Model;
  readonly report: QuantizeReport;
}

/**
 * Makes a quantized copy of `model`, which itself never changes. Untouched tensors are shared; weights are read, quantized and
 * replaced one by one, so memory grows by the codes only.
 *
 * Throws a GossamerError: ERR_QUANTIZE_OPTION, ERR_PRESET, ERR_CALIBRATION_DATA, ERR_ALREADY_QUANTIZED, ERR_OPSET_UPGRADE. An aborted call
 * rejects with the signal's reason.
 */
export async function quantize(model: Model, given: QuantizeOptions = {}): Promise<QuantizeResult> {
  const options = resolveOptions(given);
  options.signal?.throwIfAborted();
  if (!options.requantize) refuseQuantized(model);
  const report = new ReportBuilder();
  const before = constantBytes(model);
  const { copy: prepared, isWidened } = prepareModel(model, options, report);
  const { filter: selected, warnings } = layerFilter(prepared, options);
  const filter = options.mode === 'static' ? withFloatRules(selected, options.layers) : selected;
  report.warnings.push(...warnings);
  const round = weightRounding(options, filter);
  const { model: copy, report: equalized } = await equalize(prepared, options.equalize, { ...options, round });
  const float = equalized.length > 0 ? copy.clone() : undefined;
  const ties = findTies(copy);
  const corrector = options.biasCorrection ? new BiasCorrector(await meansOf(model, copy, options)) : undefined;
  if (corrector && !options.schemes) await correctAhead(copy, corrector, options, filter);
  let samples = 0;
  if (options.mode === 'static') samples = await quantizeStatic(copy, options, filter, report);
  else if (options.mode === 'dynamic') await quantizeDynamic(copy, options, filter, report);
  else if (options.isFloat16) await storeFloat16(copy, options, filter, report);
  else if (options.schemes) samples = await quantizeSchemes(copy, options.schemes, options, filter, report, corrector);
  else await quantizeWeightOnly(copy, options, filter, report);
  report.warnings.push(...untiedWarnings(ties, report.layers, options), ...(corrector?.warnings() ?? []));
  // Last: a pass makes a clone, and the layers planned above are nodes of this copy.
  // WebGPU has the merged kernel, and none of Sum.
  const isSplit = options.costModel && options.optimize && options.target !== 'webgpu';
  const written = isSplit ? runPasses(copy, ['split-skip-layer-normalization']).model : copy;
  finishModel(written, options, samples);
  report.warnings.push(...fallbackWarnings(written, options.target));
  if (options.integerOnly) assertIntegerOnly(written);
  if (isWidened) storeNarrow(written);
  const after = constantBytes(written);
  return {
    model: written,
    ...(float ? { equalized: float } : {}),
    report: {
      mode: options.mode,
      layers: report.layers,
      warnings: report.warnings,
      ...(equalized.length > 0 ? { equalized } : {}),
      ...(corrector ? { biases: corrector.notes } : {}),
      bytes: { before, after, ratio: after > 0 ? before / after : 1 },
      samples,
    },
  };
}
