import { type DType, dtypeCode, isGossamerError, type Model, type Value } from '@gossamer/graph';
import { convertFloat32, type Float32Result, narrowForm, runPasses } from '@gossamer/graph/passes';
import { readBehindCast } from './forms/read-behind-cast.js';
import type { ReportBuilder } from './report.js';
import type { ResolvedOptions } from './resolved-options.js';

const NARROW: ReadonlySet<DType | undefined> = new Set(['float16', 'bfloat16']);

/** Fusions that know their operators by constants, and what these need. */
const FUSIONS = ['constants-to-initializers', 'eliminate-identity', 'fuse-layer-normalization', 'fuse-gelu'] as const;

/** A smaller tensor is not worth a node. */
const LEAST_BYTES = 1024;

/**
 * A model that computes in float16 or bfloat16 as one in float32, which integer kernels and calibration take; said in a warning. Undefined
 * where nothing computes in these types.
 */
export function float32Form(model: Model, { optimize }: ResolvedOptions, report: ReportBuilder): Model | undefined {
  if (!mayCompute(model)) return undefined;
  // While √2 is still the nearest float16 to itself.
  const fused = optimize ? runPasses(model, FUSIONS).model : model;
  const converted = tryConvert(fused, report);
  if (!converted || converted.widened === 0) return undefined;
  const { model: wide, widened, kept, warnings } = converted;
  report.warnings.push(
    ...warnings,
    `the model computes in float16: ${widened} nodes now compute in float32, as quantized kernels do; weights that are not quantized stay stored in float16`,
    ...Array.from(kept, ([name, reason]) => `${name} still computes in float16: ${reason}`),
  );
  return wide;
}

/** Control flow over sequences of float16 is what it does not widen: then the layers are left as they are. */
function tryConvert(model: Model, report: ReportBuilder): Float32Result | undefined {
  try {
    return convertFloat32(model);
  } catch (error) {
    if (!isGossamerError(error) || error.code !== 'ERR_FLOAT32') throw error;
    report.warnings.push(`the model computes in float16, and its layers are left alone: ${error.message}`);
    return undefined;
  }
}

/** True where a value could be of a narrow type. */
function mayCompute(model: Model): boolean {
  const isNarrow = (value: Value) => value.type?.kind === 'tensor' && NARROW.has(value.type.dtype);
  for (const scope of model.graph.scopes()) {
    if (scope.inputs.some(isNarrow)) return true;
    for (const { initializer } of scope.initializers()) if (NARROW.has(initializer?.dtype)) return true;
    for (const node of scope.nodes()) {
      const isCast = node.isStandard('Cast') && NARROW_CODES.has(node.int('to', 0));
      if (isCast || (node.isStandard('Constant') && NARROW.has(node.constantTensor()?.dtype))) return true;
    }
  }
  return false;
}

const NARROW_CODES: ReadonlySet<number> = new Set([dtypeCode('float16'), dtypeCode('bfloat16')]);

/**
 * Stores what is left of weights that were widened as they were, behind a Cast that ONNX Runtime runs once, when it opens the model: a
 * layer that stays in float takes no more bytes than before.
 */
export function storeNarrow(model: Model): void {
  for (const scope of model.graph.scopes()) {
    for (const value of [...scope.initializers()]) {
      const narrow = value.initializer && narrowForm(value.initializer);
      if (narrow && narrow.byteLength >= LEAST_BYTES && !value.isOutput && !value.isInput)
        readBehindCast(value, narrow);
    }
  }
}
