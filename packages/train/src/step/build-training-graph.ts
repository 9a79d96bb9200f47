import { type DType, GossamerError, type Model, type Tensor, type Value } from '@gossamer/graph';
import { differentiate } from '../differentiate.js';
import { copyGraph } from '../emit/copy-graph.js';
import type { Emitter } from '../emit/emitter.js';
import type { TrainErrorCode } from '../error-codes.js';
import type { Parameter, TrainingForm } from '../form/training-form.js';
import type { LossContext, LossTerm } from '../losses/loss.js';
import { badOption } from '../require-option.js';

/** Input with the weight of each sample. */
export const SAMPLE_WEIGHTS = 'sample_weights';
/** Output with the sum that is made small. */
export const LOSS = 'loss';

/** An array of the batch that a loss asks for. */
export interface LossInput {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Its integers lie in [0, below). Default: they are not looked at. */
  readonly below?: number;
}

/** Forward pass and losses in one graph. */
export interface LossGraph {
  readonly model: Model;
  /** Output of each loss, by its name, before it is weighted. */
  readonly losses: ReadonlyMap<string, string>;
  /** What the data have to feed beside the model's inputs. */
  readonly lossInputs: readonly LossInput[];
  /** What losses train beside the model. */
  readonly lossParameters: readonly Parameter[];
  readonly batch: number;
}

/** Forward pass, losses and backward pass in one graph. */
export interface TrainingGraph extends LossGraph {
  /** Output that is the gradient by each parameter. */
  readonly gradients: ReadonlyMap<string, string>;
}

/** Adds losses to a training form, and the gradients of their weighted sum by its parameters. `kept`: outputs of the form that stay outputs. */
export function buildTrainingGraph(
  form: TrainingForm,
  terms: readonly LossTerm[],
  kept: readonly string[] = [],
): TrainingGraph {
  const built = buildLossGraph(form, terms, kept);
  const wrt = [...form.parameters, ...built.lossParameters].map(({ name }) => name);
  return { ...built, ...differentiate(built.model, { loss: LOSS, wrt }) };
}

/** Adds losses to a training form. `kept`: outputs of the form that stay outputs. */
export function buildLossGraph(
  form: TrainingForm,
  terms: readonly LossTerm[],
  kept: readonly string[] = [],
): LossGraph {
  if (terms.length === 0) {
    throw new GossamerError<TrainErrorCode>('ERR_TRAIN_OPTIONS', 'losses: expected at least one, received none');
  }
  const { g, values } = copyGraph(form.model);
  const context = new Losses(g, form);
  const losses = new Map<string, string>();
  let total: Value | undefined;
  for (const { loss, weight = 1 } of terms) {
    if (!Number.isFinite(weight)) badOption(`weight of loss ${loss.name}`, 'a finite number', weight);
    g.scope = `${loss.name}/`;
    const value = loss.build(context);
    const name = uniqueKey(losses, loss.name);
    losses.set(name, `${LOSS}/${name}`);
    const weighted = g.scale(value, weight);
    total = total ? g.add(total, weighted) : weighted;
    g.output(g.op('Identity', [value]), `${LOSS}/${name}`);
  }
  g.output(g.op('Identity', [g.reshape(total!, [])]), LOSS);
  for (const { output } of form.running)
    if (output !== undefined) g.output(values.get(form.model.graph.value(output)!)!, output);
  for (const name of kept) g.output(values.get(form.model.graph.value(name)!)!, name);
  return {
    model: g.model,
    losses,
    lossInputs: context.inputs,
    lossParameters: context.parameters,
    batch: context.batch,
  };
}

function uniqueKey(taken: ReadonlyMap<string, string>, name: string): string {
  let key = name;
  for (let copy = 2; taken.has(key); copy++) key = `${name}-${copy}`;
  return key;
}

class Losses implements LossContext {
  readonly batch: number;
  readonly sampleWeights: Value;
  readonly outputs: readonly string[];
  readonly inputs: LossInput[] = [];
  readonly parameters: Parameter[] = [];

  constructor(
    readonly g: Emitter,
    private readonly form: TrainingForm,
  ) {
    this.outputs = form.outputs;
    const [first] = form.inputs;
    if (first === undefined) {
      throw new GossamerError<TrainErrorCode>(
        'ERR_TRAINING_FORM',
        'model: expected an input, whose first axis is the batch, received none',
      );
    }
    this.batch = g.shape(g.graph.value(first)!)[0] ?? 1;
    this.sampleWeights = g.input(SAMPLE_WEIGHTS, 'float32', [this.batch]);
  }

  readonly output = (name?: string): Value => {
    const known = this.form.outputs;
    if (name !== undefined && !known.includes(name)) {
      throw new GossamerError<TrainErrorCode>(
        'ERR_TRAIN_OPTIONS',
        `output: expected one of ${known.join(', ')}, received ${name}`,
      );
    }
    return this.value(name ?? known[0]!);
  };

  readonly value = (name: string): Value => {
    const value = this.g.graph.value(name);
    if (value) return value;
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAIN_OPTIONS',
      `value: expected one of the training form, received ${name}`,
    );
  };

  readonly parameter = (name: string, initial: Tensor): Value => {
    const taken = this.g.graph.value(name);
    if (taken) {
      throw new GossamerError<TrainErrorCode>(
        'ERR_TRAIN_OPTIONS',
        `parameter: expected a name of its own, received ${name}`,
      );
    }
    this.parameters.push({ name, role: initial.dims.length > 1 ? 'weight' : 'bias', initial, isAdded: true });
    return this.g.input(name, 'float32', initial.dims);
  };

  readonly input = (name: string, dtype: DType, shape: readonly number[], below = Infinity): Value => {
    const at = this.inputs.findIndex((item) => item.name === name);
    const known = this.inputs[at];
    if (!known) {
      this.inputs.push({ name, dtype, shape, ...(below < Infinity && { below }) });
      return this.g.input(name, dtype, shape);
    }
    if (known.dtype === dtype && known.shape.join() === shape.join()) {
      const least = Math.min(below, known.below ?? Infinity);
      if (least < Infinity) this.inputs[at] = { ...known, below: least };
      return this.g.graph.value(name)!;
    }
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAIN_OPTIONS',
      `${name}: expected one type and shape for all losses, received ${known.dtype} [${known.shape.join()}] and ${dtype} [${shape.join()}]`,
    );
  };
}
