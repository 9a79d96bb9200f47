import type { DType } from '../../dtype.js';
import type { Dim } from '../../ir/dim.js';
import { symbol } from '../../ir/dim.js';
import type { Tensor } from '../../ir/tensor.js';
import { Emitter } from '../emitter.js';
import { tfjsError } from '../error-codes.js';
import { asArray, asInteger, asObject, asString, describe, type JsonObject, property } from '../json.js';
import type { Operand } from '../operand.js';
import { finishOutputs } from '../outputs.js';
import { Layer } from './layer.js';
import { LayerWeights } from './layer-weights.js';
import { MaskFlow } from './mask.js';
import { timeDistributed } from './time-distributed.js';
import { findLayer } from './registry.js';
import { checkDepth, isNetwork, type LayerSpec, type Network, readNetwork, type TensorRef } from './topology.js';

/** Layer calls, all networks together; a nested network that is called twice counts twice. */
const MAX_CALLS = 20_000;

/** Writes a layers model (`modelTopology` of Keras) as an ONNX graph. */
export function convertLayersModel(topology: JsonObject, tensors: ReadonlyMap<string, Tensor>): Emitter {
  const model = asObject(property(topology, 'model_config') ?? topology, 'model_config');
  const network = readNetwork(asString(property(model, 'class_name'), 'class_name'), property(model, 'config'));
  refuseUnsupported(network);
  const emitter = new Emitter(network.name);
  const writer = new NetworkWriter(emitter, new LayerWeights(tensors));
  const inputs = network.inputs.map((ref) => writer.input(network, ref));
  const outputs = writer.write(network, inputs, 0);
  finishOutputs(
    emitter,
    outputs.map((operand, i) => ({ name: network.outputs[i]!.layer, operand })),
  );
  return emitter;
}

/** Throws ERR_TFJS_UNSUPPORTED_LAYER with every layer class that has no converter. */
function refuseUnsupported(network: Network): void {
  const missing = new Map<string, number>();
  const visit = (className: string, config: JsonObject, depth: number): void => {
    checkDepth(depth);
    if (isNetwork(className)) {
      for (const spec of readNetwork(className, config).layers) visit(spec.className, spec.config, depth + 1);
    } else if (className === 'TimeDistributed') {
      const inner = asObject(property(config, 'layer'), 'layer');
      visit(
        asString(property(inner, 'class_name'), 'class_name'),
        asObject(property(inner, 'config'), 'config'),
        depth + 1,
      );
    } else if (className !== 'InputLayer' && !findLayer(className)) {
      missing.set(className, (missing.get(className) ?? 0) + 1);
    }
  };
  for (const spec of network.layers) visit(spec.className, spec.config, 0);
  if (missing.size === 0) return;
  const list = [...missing].map(([name, count]) => `${name.slice(0, 60)} (${count})`).join(', ');
  throw tfjsError('ERR_TFJS_UNSUPPORTED_LAYER', `layers: expected classes with a converter, received ${list}`);
}

class NetworkWriter {
  #calls = 0;
  readonly #masks = new MaskFlow();

  constructor(
    private readonly e: Emitter,
    private readonly weights: LayerWeights,
  ) {}

  /** A graph input for an InputLayer of the outermost network. */
  input(network: Network, ref: TensorRef): Operand {
    const spec = network.layers.find(({ name }) => name === ref.layer);
    if (!spec) throw missingLayer(ref.layer);
    const shape = asArray(
      property(spec.config, 'batch_input_shape') ?? property(spec.config, 'batch_shape'),
      'input shape',
    );
    const dims = shape.map((dim, axis): Dim => {
      if (dim === null || dim === -1) return symbol(axis === 0 ? 'batch' : `${spec.name}_${axis}`);
      const size = asInteger(dim, 'input shape');
      if (size < 0) throw tfjsError('ERR_TFJS_MODEL', `input shape: expected dims >= 0 or null, received ${size}`);
      return size;
    });
    return this.e.input(spec.name, inputDType(property(spec.config, 'dtype')), dims);
  }

  /** Writes every layer once per call, in an order that computes operands first. */
  write(network: Network, inputs: readonly Operand[], depth: number): Operand[] {
    checkDepth(depth);
    const specs = new Map(network.layers.map((spec) => [spec.name, spec]));
    if (specs.size !== network.layers.length) {
      throw tfjsError(
        'ERR_TFJS_MODEL',
        `${network.name}: expected layers of different names, received two of one name`,
      );
    }
    const done = new Map<string, readonly Operand[]>();
    network.inputs.forEach((ref, i) => done.set(`${ref.layer}/${ref.call}`, [inputs[i]!]));
    for (const ref of scheduled(specs, network.outputs, done)) {
      const spec = specs.get(ref.layer)!;
      const operands = spec.calls[ref.call]!.map((from) => resultOf(done, from));
      done.set(`${ref.layer}/${ref.call}`, this.call(spec, operands, depth));
    }
    return network.outputs.map((ref) => resultOf(done, ref));
  }

  #layer(spec: LayerSpec): Layer {
    this.e.begin(spec.name);
    return new Layer(this.e, spec.className, spec.name, spec.config, this.weights);
  }

  private call(spec: LayerSpec, operands: readonly Operand[], depth: number): readonly Operand[] {
    if (++this.#calls > MAX_CALLS) {
      throw tfjsError('ERR_TFJS_MODEL', `model: expected up to ${MAX_CALLS} layer calls, received more`);
    }
    if (isNetwork(spec.className)) {
      const inner = readNetwork(spec.className, spec.config);
      if (inner.inputs.length !== operands.length) {
        throw tfjsError(
          'ERR_TFJS_MODEL',
          `${spec.name}: expected ${inner.inputs.length} inputs, received ${operands.length}`,
        );
      }
      this.#masks.enterNetwork(this.#layer(spec));
      return this.write(inner, operands, depth + 1);
    }
    const layer = this.#layer(spec);
    const result = convertLayer(layer, operands);
    this.#masks.follow(layer, operands, result);
    this.e.nameResult(result);
    return [result];
  }
}

function convertLayer(layer: Layer, operands: readonly Operand[]): Operand {
  if (layer.className === 'TimeDistributed') return timeDistributed(layer, operands, convertLayer);
  const converter = findLayer(layer.className);
  if (!converter) throw layer.error('class', 'one with a converter', layer.className);
  return converter.convert(layer, operands);
}

function inputDType(value: unknown): DType {
  const name = value ?? 'float32';
  if (name === 'float32' || name === 'int32' || name === 'bool') return name;
  throw tfjsError('ERR_TFJS_MODEL', `input dtype: expected float32, int32 or bool, received ${describe(name)}`);
}

function missingLayer(name: string): Error {
  return tfjsError(
    'ERR_TFJS_MODEL',
    `layer: expected one of the model's, received ${JSON.stringify(name.slice(0, 80))}`,
  );
}

function resultOf(done: ReadonlyMap<string, readonly Operand[]>, ref: TensorRef): Operand {
  const operand = done.get(`${ref.layer}/${ref.call}`)?.[ref.output];
  if (operand) return operand;
  throw tfjsError(
    'ERR_TFJS_MODEL',
    `layer ${ref.layer.slice(0, 80)}: expected an output ${ref.output} of call ${ref.call}, received none`,
  );
}

/** The calls that `outputs` need, operands first; throws for a cycle or a reference to nothing. */
function scheduled(
  specs: ReadonlyMap<string, LayerSpec>,
  outputs: readonly TensorRef[],
  given: ReadonlyMap<string, unknown>,
): TensorRef[] {
  const order: TensorRef[] = [];
  const state = new Map<string, 'open' | 'done'>([...given.keys()].map((key) => [key, 'done']));
  const stack = [...outputs].reverse();
  while (stack.length > 0) {
    const ref = stack.at(-1)!;
    const key = `${ref.layer}/${ref.call}`;
    const operands = specs.get(ref.layer)?.calls[ref.call];
    if (!operands) throw missingLayer(ref.layer);
    if (state.get(key) === undefined) {
      state.set(key, 'open');
      const waiting = operands.filter((from) => state.get(`${from.layer}/${from.call}`) !== 'done');
      const open = waiting.find((from) => state.get(`${from.layer}/${from.call}`) === 'open');
      if (open) throw tfjsError('ERR_TFJS_MODEL', `layer ${open.layer.slice(0, 80)}: expected no cycle, received one`);
      stack.push(...waiting);
      continue;
    }
    stack.pop();
    if (state.get(key) === 'open') {
      state.set(key, 'done');
      order.push(ref);
    }
  }
  return order;
}
