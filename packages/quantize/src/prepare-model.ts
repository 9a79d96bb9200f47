import type { Model } from '@gossamer/graph';
import type { ReportBuilder } from './report.js';
import type { ResolvedOptions } from './resolve-options.js';

/** A copy of the model, ready to be rewritten: optimised first, unless that was declined, and at an opset that knows what is emitted. */
export function prepareModel(model: Model, options: ResolvedOptions, report: ReportBuilder): Model {
  return model.clone();
}
