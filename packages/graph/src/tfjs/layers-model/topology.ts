import { tfjsError } from '../error-codes.js';
import { asArray, asInteger, asObject, asString, describe, type JsonObject, property } from '../json.js';

/** A result of a layer: which layer, at which of its calls (a shared layer has several), which output. */
export interface TensorRef {
  readonly layer: string;
  readonly call: number;
  readonly output: number;
}

export interface LayerSpec {
  readonly className: string;
  readonly name: string;
  readonly config: JsonObject;
  /** Inputs of each call. */
  readonly calls: readonly (readonly TensorRef[])[];
}

/** A network of layers; a Sequential is one whose layers call each other in turn. */
export interface Network {
  readonly name: string;
  readonly layers: readonly LayerSpec[];
  readonly inputs: readonly TensorRef[];
  readonly outputs: readonly TensorRef[];
}

/** True for the classes that are networks themselves. */
export const isNetwork = (className: string): boolean => ['Sequential', 'Model', 'Functional'].includes(className);

/** Networks within networks deeper than this are refused. */
export const MAX_DEPTH = 32;

/** Throws for a network nested too deep. */
export function checkDepth(depth: number): void {
  if (depth > MAX_DEPTH) {
    throw tfjsError('ERR_TFJS_MODEL', `model: expected networks nested up to ${MAX_DEPTH} deep, received more`);
  }
}

/** Reads the topology of a layers model, or of a model used as a layer; `depth` counts the networks around it. */
export function readNetwork(className: string, config: unknown, depth = 0): Network {
  checkDepth(depth);
  if (!isNetwork(className)) {
    throw tfjsError(
      'ERR_TFJS_MODEL',
      `model: expected Sequential, Model or Functional, received ${describe(className)}`,
    );
  }
  return className === 'Sequential' ? readSequential(config, depth) : readFunctional(asObject(config, 'config'));
}

function readSequential(config: unknown, depth: number): Network {
  // Old files have the list of layers in place of the configuration.
  const fields: JsonObject = Array.isArray(config) ? { layers: config } : asObject(config, 'config');
  const list = asArray(property(fields, 'layers'), 'layers').map((item) => asObject(item, 'layer'));
  const layers: LayerSpec[] = [];
  const [first] = list;
  if (!first) throw tfjsError('ERR_TFJS_MODEL', 'Sequential: expected layers, received none');
  const isDeclared = property(first, 'class_name') === 'InputLayer';
  if (!isDeclared) layers.push(implicitInput(first, depth));
  for (const item of list) {
    const previous = layers.at(-1);
    layers.push({ ...readLayer(item), calls: previous ? [[{ layer: previous.name, call: 0, output: 0 }]] : [[]] });
  }
  const ref = (spec: LayerSpec): TensorRef => ({ layer: spec.name, call: 0, output: 0 });
  const name = property(fields, 'name');
  return {
    name: typeof name === 'string' ? name : 'sequential',
    layers,
    inputs: [ref(layers[0]!)],
    outputs: [ref(layers.at(-1)!)],
  };
}

/** The input that TF.js makes for a first layer which says its own input shape. */
function implicitInput(item: JsonObject, depth: number): LayerSpec {
  const { name, config, className } = readLayer(item);
  let shape = property(config, 'batch_input_shape');
  if (shape === undefined && isNetwork(className)) {
    const inner = readNetwork(className, property(item, 'config'), depth + 1);
    const first = inner.layers.find((spec) => spec.name === inner.inputs[0]?.layer);
    shape = first && property(first.config, 'batch_input_shape');
  }
  const dtype = className === 'Embedding' ? 'int32' : property(config, 'dtype');
  return {
    className: 'InputLayer',
    name: `${name}_input`,
    config: { batch_input_shape: shape, dtype },
    calls: [[]],
  };
}

function readLayer(item: JsonObject): Omit<LayerSpec, 'calls'> {
  const className = asString(property(item, 'class_name'), 'class_name');
  const raw = property(item, 'config');
  const config: JsonObject = Array.isArray(raw) ? { layers: raw } : asObject(raw, 'layer config');
  const name = property(item, 'name') ?? property(config, 'name');
  return { className, name: asString(name, `name of a ${className}`), config };
}

function readFunctional(config: JsonObject): Network {
  const layers = asArray(property(config, 'layers'), 'layers').map((item) => {
    const fields = asObject(item, 'layer');
    const calls = asArray(property(fields, 'inbound_nodes') ?? [], 'inbound_nodes').map(readCall);
    return { ...readLayer(fields), calls: calls.length > 0 ? calls : [[]] };
  });
  const name = property(config, 'name');
  return withoutOwnCalls({
    name: typeof name === 'string' ? name : 'model',
    layers,
    inputs: readRefs(property(config, 'input_layers'), 'input_layers'),
    outputs: readRefs(property(config, 'output_layers'), 'output_layers'),
  });
}

/** A network used as a layer counts its own construction as its first call, which the file does not list: references move down by one. */
function withoutOwnCalls(network: Network): Network {
  const references = [...network.outputs, ...network.layers.flatMap(({ calls }) => calls.flat())];
  const shifted = new Set<string>();
  for (const { className, name, calls } of network.layers) {
    const isOff = references.some(({ layer, call }) => layer === name && call === calls.length);
    if (isNetwork(className) && isOff) shifted.add(name);
  }
  if (shifted.size === 0) return network;
  const move = (ref: TensorRef) => (shifted.has(ref.layer) ? { ...ref, call: ref.call - 1 } : ref);
  return {
    ...network,
    layers: network.layers.map((spec) => ({ ...spec, calls: spec.calls.map((call) => call.map(move)) })),
    outputs: network.outputs.map(move),
  };
}

/** One call: [[layer, call, output, options], ...]. */
function readCall(value: unknown): TensorRef[] {
  return asArray(value, 'inbound_nodes').map((item) => {
    const [, , , options] = asArray(item, 'inbound node');
    if (options !== undefined && options !== null && Object.keys(asObject(options, 'call options')).length > 0) {
      const keys = Object.keys(options).join(', ').slice(0, 80);
      throw tfjsError('ERR_TFJS_MODEL', `inbound node: expected a call without options, received ${keys}`);
    }
    return readRef(item, 'inbound node');
  });
}

/** A list of refs, or one ref in place of a list. */
function readRefs(value: unknown, what: string): TensorRef[] {
  const list = asArray(value, what);
  return typeof list[0] === 'string' ? [readRef(list, what)] : list.map((item) => readRef(item, what));
}

function readRef(value: unknown, what: string): TensorRef {
  const [layer, call, output] = asArray(value, what);
  return {
    layer: asString(layer, what),
    call: asInteger(call ?? 0, what),
    output: asInteger(output ?? 0, what),
  };
}
