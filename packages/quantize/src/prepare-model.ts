import type { Model } from '@gossamer/graph';
import { runPasses } from '@gossamer/graph/passes';
import type { ReportBuilder } from './report.js';
import type { ResolvedOptions } from './resolve-options.js';

/** A copy of the model, ready to be rewritten: optimised first, unless that was declined. */
export function prepareModel(model: Model, options: ResolvedOptions, report: ReportBuilder): Model {
  if (!options.optimize) return model.clone();
  const { model: copy, warnings } = runPasses(model, 'default', options.signal ? { signal: options.signal } : {});
  report.warnings.push(...warnings);
  return copy;
}
