import { type Dim, type DimBindings, symbol } from '../ir/dim.js';
import type { Model } from '../ir/model.js';
import type { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import type { ValueType } from '../ir/value-type.js';
import { bindType, mapDims } from './declared.js';
import { bindingsFrom } from './input-bindings.js';
import type { TypeTable } from './type-table.js';
import { Walk } from './walk.js';

/** What is known beside the model. */
export interface InferOptions {
  /** Values for symbolic dimensions, e.g. `{ batch: 1 }`. Default: none, the symbols stay. */
  readonly bind?: DimBindings;
  /** Types of graph inputs that replace the declared ones; symbols they make concrete are bound everywhere. Default: as declared. */
  readonly inputs?: Readonly<Record<string, ValueType>>;
  /** Contents of graph inputs that are fixed (a sampling rate, a target shape). Default: none. */
  readonly data?: Readonly<Record<string, Tensor>>;
  /** Throw ERR_SHAPE at the first node that cannot be right, instead of a warning and unknown outputs. Default false. */
  readonly strict?: boolean;
}

/**
 * Infers element types, shapes and, for the small integer tensors that carry shapes, contents of every value of the model: all scopes,
 * and function bodies as merged over their calls. Dimensions stay symbolic unless bound; an unnamed dimension of a graph input is
 * named `input[axis]`, so that what depends on it can be compared and bound.
 *
 * Computed types win over declared ones, with a warning; declared ones fill in what was not computed. An operator without a rule,
 * and a node that cannot be right, has outputs as the file declares them.
 */
export function inferTypes(model: Model, options: InferOptions = {}): TypeTable {
  return walkOf(model, options).run();
}

/**
 * As `inferTypes`, from the graph's inputs alone: sizes that the file declares for other values are not believed, dtypes and ranks are. The
 * table answers for the values of `model` as it is now; values made later are unknown.
 */
export function inferFromInputs(model: Model): TypeTable {
  return walkOf(model, {}, new Set(model.graph.inputs)).runOnce();
}

function walkOf(model: Model, options: InferOptions, sized?: ReadonlySet<Value>): Walk {
  const declared = new Map<Value, ValueType | undefined>();
  for (const value of model.graph.inputs) declared.set(value, namedDims(value));
  const { bindings, trustNumbers } = bindingsFrom(declared, options.inputs ?? {}, options.bind ?? {});
  const strict = options.strict ?? false;
  const walk = new Walk(model, { bindings, trustNumbers, strict, ...(sized ? { sized } : {}) });
  for (const value of model.graph.inputs) {
    const type = options.inputs?.[value.name] ?? declared.get(value);
    walk.setInput(value, type && bindType(type, bindings), options.data?.[value.name]);
  }
  return walk;
}

/** The declared type of a graph input, its unknown dimensions named after it. */
function namedDims(value: Value): ValueType | undefined {
  const type = value.type ?? typeOfDefault(value);
  if (!type) return undefined;
  return mapDims(type, (dim: Dim, axis) => dim ?? symbol(`${value.name}[${axis}]`));
}

/** An input with initializer data and no declared type. */
function typeOfDefault(value: Value): ValueType | undefined {
  const tensor = value.initializer;
  return tensor && { kind: 'tensor', dtype: tensor.dtype, shape: tensor.dims };
}
