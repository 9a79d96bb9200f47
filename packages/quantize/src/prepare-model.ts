import { type Model, tieEmbeddings } from '@gossamer/graph';
import { runPasses, upgradeOpset } from '@gossamer/graph/passes';
import { float32Form } from './float32-form.js';
import type { ReportBuilder } from './report.js';
import type { ResolvedOptions } from './resolved-options.js';

/** QuantizeLinear and DequantizeLinear with a scale for each channel. */
const PER_AXIS_OPSET = 13;

/** DequantizeLinear with blocks, and 4-bit types. */
const BLOCK_OPSET = 21;

/** 4-bit types and 16-bit codes. */
const NARROW_OPSET = 21;

/** Clip and MaxPool of uint8. */
const CODE_CLAMP_OPSET = 12;

/** QLinear operators, MatMulInteger; DynamicQuantizeLinear. */
const INTEGER_OPSET = 11;

/** BitShift, which takes codes out of bytes. */
const SHIFT_OPSET = 11;

/** FLOAT8 types. */
const FLOAT8_OPSET = 19;

/** Mul that broadcasts, which stored weights need. */
const BROADCAST_OPSET = 7;

/**
 * A copy of the model, ready to be rewritten: in float32 (`isWidened`: it was not), optimised unless that was declined, and at an opset
 * that has what will be written.
 */
export function prepareModel(
  model: Model,
  options: ResolvedOptions,
  report: ReportBuilder,
): { copy: Model; isWidened: boolean } {
  const wide = float32Form(model, options, report);
  const copy = options.optimize ? optimized(wide ?? model, options, report) : (wide ?? model.clone());
  const needed = neededOpset(options);
  return { copy: copy.opset >= needed ? copy : upgradeOpset(copy, needed), isWidened: wide !== undefined };
}

function optimized(model: Model, { signal }: ResolvedOptions, report: ReportBuilder): Model {
  const { model: copy, warnings } = runPasses(model, 'default', signal ? { signal } : {});
  report.warnings.push(...warnings);
  for (const { layer, copy: name, table } of tieEmbeddings(copy)) {
    report.warnings.push(`${layer}: reads ${table}, of which it had a copy (${name})`);
  }
  return copy;
}

function neededOpset(options: ResolvedOptions): number {
  const { mode, format, blockFormat, granularity, schemes, integerOnly, weights, layers, activations } = options;
  if (schemes) return schemes.names.some((name) => name.startsWith('float8')) ? FLOAT8_OPSET : SHIFT_OPSET;
  const isNarrow = [weights, ...layers.map((rule) => rule.weights ?? '')].some((name) => name.endsWith('4'));
  if (mode === 'static' && (isNarrow || activations.endsWith('16'))) return NARROW_OPSET;
  if (integerOnly) return CODE_CLAMP_OPSET;
  if (mode === 'static') return format === 'qdq' ? PER_AXIS_OPSET : INTEGER_OPSET;
  if (mode === 'dynamic') return INTEGER_OPSET;
  return granularity === 'perBlock' && blockFormat === 'dequantize-linear' ? BLOCK_OPSET : BROADCAST_OPSET;
}
