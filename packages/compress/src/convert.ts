import { GossamerError, inferTypes, type Model, type Value } from '@gossamer/graph';
import { toDenseInitializers, toSparseInitializers } from '@gossamer/encode';
import { convertFloat16, convertFloat32, upgradeOpset } from '@gossamer/graph/passes';
import { calibrate, type DataSource, type Verification } from '@gossamer/runtime';
import { loadModel, type ModelInput, OnnxModel } from './onnx-model.js';
import { requireEqualOutputs } from './optimize.js';
import type { WorkOptions } from './progress.js';
import { replaceWeights } from './replace-weights.js';
import type { GateOptions } from './save-gate.js';

export interface ConvertOptions extends WorkOptions {
  /** Version of the standard operator set to raise the model to, 7 to 28. Default: as it is. */
  readonly opset?: number;
  /** Compute and store in float16 where that holds the numbers. Default false. */
  readonly float16?: boolean;
  /** Compute and store in float32 what is in float16 or bfloat16; inputs and outputs keep their types. Default false. */
  readonly float32?: boolean;
  /** Initializers of which enough is 0 as `sparse_initializer`: 'sparse'; those as dense ones: 'dense'. Default: as they are. */
  readonly initializers?: 'sparse' | 'dense';
  /** Inputs whose run shows which values pass the range of float16. Default: operators and constants alone decide. */
  readonly data?: DataSource;
  /** A safetensors file, index or folder: its tensors replace the initializers of the same names. */
  readonly weights?: string;
  /** A JSON file that names the tensors of initializers called otherwise: `{ "initializer": "tensor" | { tensor, transpose } }`. */
  readonly weightsMap?: string;
}

/** A node whose element type a conversion left as it is. */
export interface KeptNode {
  readonly name: string;
  readonly op: string;
  readonly action: 'left-float32' | 'left-float16';
  readonly reason: string;
}

export interface ConvertResult {
  readonly model: OnnxModel;
  /** Nodes that float16 leaves in float32, or float32 in float16, each with the reason. */
  readonly kept: readonly KeptNode[];
  readonly warnings: readonly string[];
  /** True when the outputs must be those of the input: neither weights nor their precision changed. */
  readonly isExact: boolean;
}

/**
 * Changes the form of a model: TF.js (the path of a model.json) to ONNX, a newer opset, float16 or back to float32, weights from a
 * safetensors file. In that order: weights, opset, float type, form of initializers. The input does not change. Throws ERR_TFJS_..., ERR_OPSET_UPGRADE,
 * ERR_WEIGHTS, ERR_FLOAT32, and ERR_OPTION for both float types.
 */
export async function convert(input: ModelInput, options: ConvertOptions = {}): Promise<ConvertResult> {
  if (options.float16 && options.float32) {
    throw new GossamerError('ERR_OPTION', 'convert: expected float16 or float32, received both');
  }
  if (options.weightsMap !== undefined && options.weights === undefined) {
    throw new GossamerError('ERR_OPTION', 'weightsMap: expected weights beside it, received none');
  }
  const source = typeof input === 'string' ? await loadAnyModel(input) : input;
  const warnings: string[] = [];
  let model = source.ir.clone();
  if (options.weights !== undefined) {
    warnings.push(...(await replaceWeights(model, options.weights, options.weightsMap)));
  }
  if (options.opset !== undefined && options.opset !== model.opset) model = upgradeOpset(model, options.opset);
  options.signal?.throwIfAborted();
  let kept: ConvertResult['kept'] = [];
  if (options.float16 || options.float32) {
    const before = model;
    const result = options.float16 ? await toFloat16(model, options) : toFloat32(model);
    model = result.model;
    warnings.push(...result.warnings);
    kept = keptNodes(before, result.kept, options.float16 ? 'left-float32' : 'left-float16');
  }
  if (options.initializers !== undefined) {
    const store = options.initializers === 'sparse' ? toSparseInitializers : toDenseInitializers;
    const { model: stored, tensors } = store(model);
    model = stored;
    if (tensors.length === 0)
      warnings.push(
        `initializers: none became ${options.initializers}: ${options.initializers === 'sparse' ? 'none has enough zeros' : 'none is sparse'}`,
      );
  }
  // Other weights, other outputs.
  const reference = options.weights === undefined ? source : undefined;
  return {
    model: new OnnxModel(model, reference),
    kept,
    warnings,
    isExact: reference !== undefined && !options.float16 && !options.float32,
  };
}

async function toFloat16(model: Model, options: ConvertOptions) {
  const seen = options.data && (await magnitudes(model, options.data, options));
  const result = convertFloat16(model, seen ? { largest: seen.largest } : {});
  return { ...result, warnings: seen?.warnings ?? [] };
}

function toFloat32(model: Model) {
  const result = convertFloat32(model);
  const isNothing = result.widened === 0 && result.kept.size === 0;
  return {
    ...result,
    warnings: [...result.warnings, ...(isNothing ? ['float32: nothing in this model computes in float16'] : [])],
  };
}

function keptNodes(model: Model, kept: ReadonlyMap<string, string>, action: KeptNode['action']): KeptNode[] {
  const nodes = [...model.scopes()].flatMap((scope) => [...scope.nodes()]);
  const kinds = new Map(nodes.map(({ id, kind }) => [id, kind]));
  return Array.from(kept, ([name, reason]) => ({ name, op: kinds.get(name) ?? '', action, reason }));
}

/** Opens an ONNX file, or the model.json of a TF.js graph or layers model. */
export async function loadAnyModel(path: string): Promise<OnnxModel> {
  if (!path.endsWith('.json')) return loadModel(path);
  // Imported when needed: the converters of 200 operators would slow the start of every command.
  const { loadTfjsModel } = await import('@gossamer/graph/tfjs');
  const model = await loadTfjsModel(path);
  model.warnings.push('read from TF.js, which is not run here: only what was done afterwards is compared');
  return new OnnxModel(model);
}

/**
 * Saves a converted model; throws ERR_GATE when its outputs had to be those of the input and are not. A file whose opset is too new for
 * ONNX Runtime is read again, checked, and compared under the newest one that it opens, and a warning says so.
 */
export async function saveConverted(
  { model, isExact }: ConvertResult,
  path: string,
  options: GateOptions = {},
): Promise<Verification | undefined> {
  return model.save(path, { ...options, allowTooNew: true, ...(isExact ? { accept: requireEqualOutputs } : {}) });
}

/** The largest magnitude of every float32 value, by scope path + name, and what could not be seen. */
async function magnitudes(
  model: Model,
  data: DataSource,
  options: WorkOptions,
): Promise<{ largest: Map<string, number>; warnings: readonly string[] }> {
  const types = inferTypes(model);
  const values: Value[] = [];
  for (const scope of model.graph.scopes()) {
    for (const value of scope.values()) if (!value.constant && types.dtypeOf(value) === 'float32') values.push(value);
  }
  const { statistics, warnings } = await calibrate(model, values, data, options);
  if (statistics.size === 0) {
    throw new GossamerError('ERR_OPTION', 'data: expected inputs that reach a float value, received none');
  }
  const entries = Array.from(statistics, ([name, { absMax, nanCount, infCount }]) => {
    return [name, nanCount + infCount > 0 ? Infinity : absMax] as const;
  });
  return { largest: new Map(entries), warnings };
}
