import {
  attribute,
  dtypeCode,
  GossamerError,
  isInteger,
  type Model,
  type Node,
  tensorType,
  Tensor,
  type Value,
} from '@gossamer/graph';
import { convertFloat32, inlineFunctions, runPasses, upgradeOpset } from '@gossamer/graph/passes';
import { copyGraph } from '../emit/copy-graph.js';
import type { Emitter } from '../emit/emitter.js';
import { removeDead } from '../emit/remove-dead.js';
import { TRAINING_OPSET } from '../emit/train-domain.js';
import type { TrainErrorCode } from '../error-codes.js';
import { findLowering } from '../lowering/registry.js';
import { bindInputs } from './bind-inputs.js';
import { checkFlat, checkTrainingForm } from './check-training-form.js';
import { chooseParameters } from './choose-parameters.js';
import { DropoutInserter } from './insert-dropout.js';
import { freezeBatchNorm, lowerBatchNorm } from './lower-batch-norm.js';
import { lowerDropout } from './lower-dropout.js';
import { isRandomInput } from './random-input.js';
import type { Parameter, RunningState, TrainingForm, TrainingFormOptions } from './training-form.js';

/** Passes that keep parameters what they are; fused normalizations and GELU have gradients of their own. */
const PASSES = [
  'constants-to-initializers',
  'eliminate-identity',
  'fold-constants',
  'fold-reshape-shapes',
  'merge-reshapes',
  'fuse-layer-normalization',
  'fuse-gelu',
  'eliminate-dead-code',
];

/** Name of the output that a running statistic becomes. */
const nextName = (name: string): string => `next/${name}`;

/**
 * Makes the training form of `model` (docs/train.md): a new model in one opset whose sizes are all numbers, of primitives and registered
 * functions, whose parameters are inputs. The input does not change.
 *
 * Throws ERR_TRAINING_FORM for what cannot be trained (an operator without a gradient's way, a size that is open, a quantized weight), by name.
 */
export function toTrainingForm(model: Model, options: TrainingFormOptions = {}): TrainingForm {
  const warnings: string[] = [];
  const prepared = canonical(model);
  const roles = chooseParameters(prepared, options);
  if (roles.size === 0) {
    const nested = [...prepared.graph.nodes()].find((node) => node.subgraphs().length > 0);
    const where = nested ? ` outside of ${nested.op} ${nested.id}, whose bodies are not differentiated` : '';
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAINING_FORM',
      `model: expected parameters to train, received none${where}`,
    );
  }
  const isFrozen = options.batchNorm === 'frozen';
  const statistics = new Set(runningStatistics(prepared));
  for (const value of statistics) {
    if (isFrozen ? roles.has(value) : value.uses.length > 1) refuseShared(value);
  }
  const state = isFrozen ? [] : [...statistics];
  const moves = options.mode !== 'evaluate';
  const parameters: Parameter[] = [...roles].map(([value, role]) => ({
    name: value.name,
    role,
    initial: initialOf(value),
  }));
  const running: RunningState[] = state.map((value) => ({
    name: value.name,
    ...(moves ? { output: nextName(value.name) } : {}),
    initial: initialOf(value),
  }));
  const inputs = prepared.graph.inputs.filter(({ initializer }) => !initializer).map(({ name }) => name);
  bindInputs(prepared, options);
  for (const value of [...roles.keys(), ...state]) makeInput(value);
  const folded = runPasses(prepared, PASSES).model;
  checkFlat(folded);
  const form = new Lowered(folded, options).build();
  checkTrainingForm(form);
  return {
    model: form,
    inputs,
    outputs: model.graph.outputs.map(({ name }) => name),
    parameters,
    running,
    random: form.graph.inputs
      .filter(isRandomInput)
      .map(({ name, type }) => ({ name, shape: (type?.kind === 'tensor' ? type.shape : []) as readonly number[] })),
    warnings,
  };
}

/** A clone in one opset, without functions, in float32. */
function canonical(model: Model): Model {
  let current = model.opset < TRAINING_OPSET ? upgradeOpset(model, TRAINING_OPSET) : model.clone();
  if (current.functions.length > 0) current = inlineFunctions(current);
  // A call that stays means what the file says, and nothing that has a rule under its name.
  const [left] = current.functions;
  if (left) {
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAINING_FORM',
      `function ${left.domain}::${left.name}: expected a body in opset ${current.opset}, received ${left.opsets.get('') ?? 'none'}`,
    );
  }
  current = convertFloat32(current).model;
  widenEnds(current);
  return runPasses(current, ['constants-to-initializers', 'inputs-to-initializers']).model;
}

/** What the file reads and says in a half-precision type, behind the Casts that widening left, is float32 in training. */
function widenEnds({ graph }: Model): void {
  const isHalf = ({ type }: Value) =>
    type?.kind === 'tensor' && (type.dtype === 'float16' || type.dtype === 'bfloat16');
  for (const value of [...graph.inputs, ...graph.outputs]) {
    if (value.type?.kind !== 'tensor' || !isHalf(value)) continue;
    if (value.producer?.isStandard('Cast'))
      graph.setAttribute(value.producer, 'to', attribute.int(dtypeCode('float32')));
    graph.setType(value, { ...value.type, dtype: 'float32' });
  }
}

/** Inputs mean and var of every BatchNormalization that a file holds. */
function runningStatistics(model: Model): Value[] {
  return [...model.graph.nodes()]
    .filter((node) => node.isStandard('BatchNormalization'))
    .flatMap((node) => [node.inputs[3], node.inputs[4]])
    .filter((value): value is Value => value?.initializer !== undefined);
}

function refuseShared(value: Value): never {
  const readers = value.uses.map(({ node }) => node.id).join(', ');
  throw new GossamerError<TrainErrorCode>(
    'ERR_TRAINING_FORM',
    `running statistics: expected an array for each mean and variance, received ${value.name} for all of ${readers}`,
  );
}

/** What the file holds; half precision is float32 by now. Throws ERR_TRAINING_FORM for another type, which gradients are not computed in. */
const initialOf = (value: Value): Tensor => {
  const tensor = value.initializer!;
  if (tensor.dtype !== 'float32') {
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAINING_FORM',
      `parameter ${value.name}: expected float32 (or half precision, which is widened), received ${tensor.dtype}`,
    );
  }
  return Tensor.of('float32', tensor.dims, tensor.toFloat32());
};

/** An initializer becomes an input that is fed. */
function makeInput(value: Value): void {
  const { graph, name } = value;
  const type = tensorType('float32', value.initializer!.dims);
  graph.setInitializer(value, undefined);
  graph.addInput(name, type);
  graph.setType(value, type);
}

/** The copy in which every node is a primitive or a registered function. */
class Lowered {
  readonly #dropout: DropoutInserter | undefined;
  readonly #next = new Map<string, Value>();

  constructor(
    private readonly model: Model,
    private readonly options: TrainingFormOptions,
  ) {
    if (options.dropout && options.mode !== 'evaluate') this.#dropout = new DropoutInserter(model, options.dropout);
  }

  build(): Model {
    const { g, values } = copyGraph(this.model, (emitter, node, inputs) => this.#emit(emitter, node, inputs));
    for (const output of this.model.graph.outputs) g.output(values.get(output)!, output.name);
    for (const [name, value] of this.#next) g.output(value, nextName(name));
    removeDead(g.graph);
    return g.model;
  }

  #emit(g: Emitter, node: Node, inputs: readonly (Value | undefined)[]): readonly (Value | undefined)[] {
    g.scope = `${node.name}/`;
    const read = this.#dropout?.inputsOf(g, node, inputs) ?? inputs;
    const made = this.#lower(g, node, read) ?? g.copy(node, read);
    return made.map((value) => value && constantOf(g, value));
  }

  #lower(g: Emitter, node: Node, inputs: readonly (Value | undefined)[]): readonly (Value | undefined)[] | undefined {
    const isTraining = this.options.mode !== 'evaluate';
    if (node.isStandard('Dropout')) return lowerDropout(g, node, inputs, isTraining);
    if (node.isStandard('BatchNormalization')) {
      if (!isTraining || this.options.batchNorm === 'frozen')
        return node.int('training_mode', 0) === 1 ? freezeBatchNorm(g, node, inputs) : undefined;
      const lowered = lowerBatchNorm(g, node, inputs);
      this.#next.set(inputs[3]!.name, lowered.mean);
      this.#next.set(inputs[4]!.name, lowered.variance);
      return lowered.outputs;
    }
    return findLowering(node)?.lower(g, node, inputs);
  }
}

/** Integers that are known by now are constants: sizes that exporters compute. */
function constantOf(g: Emitter, value: Value): Value {
  const dtype = g.dtype(value);
  if (value.constant || value.isInput || !(isInteger(dtype) || dtype === 'bool')) return value;
  const data = g.types.dataOf(value);
  if (!data?.every((item) => typeof item === 'number')) return value;
  return g.constant(data as readonly number[], dtype, g.shape(value));
}
