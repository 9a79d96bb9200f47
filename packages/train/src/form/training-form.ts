import type { DimBindings, Model, Tensor } from '@gossamer/graph';

/** What a parameter is for; weight decay leaves biases and normalizations alone. */
export type ParameterRole = 'weight' | 'bias' | 'normalization';

/** An array that training changes: an input of the training form that a graph keeps as an initializer. */
export interface Parameter {
  /** Name of the input of the training form, and of the value in the main graph of the original. */
  readonly name: string;
  readonly role: ParameterRole;
  /** What the file holds, as float32. */
  readonly initial: Tensor;
  /** True for one that training added (a scale, a gate, a regressor): the file has no such array. */
  readonly isAdded?: true;
}

/** State that a step computes beside the gradients: running statistics of a BatchNormalization. */
export interface RunningState {
  /** Input of the form, and the name of the value in the original. */
  readonly name: string;
  /** Output of the form: what it becomes; none where the form is for evaluation. */
  readonly output?: string;
  readonly initial: Tensor;
  /** True for one that training added (the range of an activation): the file has no such array. */
  readonly isAdded?: true;
}

/** An input of the form that is filled with uniform random numbers in [0, 1), new ones at each step. */
export interface RandomInput {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A model as it is trained: one opset, all sizes numbers, primitives and registered functions only, parameters as inputs. */
export interface TrainingForm {
  readonly model: Model;
  /** Inputs that carry data: those of the original, in its order. */
  readonly inputs: readonly string[];
  /** Outputs of the original, in its order. */
  readonly outputs: readonly string[];
  readonly parameters: readonly Parameter[];
  readonly running: readonly RunningState[];
  readonly random: readonly RandomInput[];
  /** What was left alone or assumed, and why. */
  readonly warnings: readonly string[];
}

/** Dropout that a file does not have: exporters leave it out. */
export interface DropoutSpec {
  /** Nodes whose first input is dropped out: a node's name, an operator (`Gemm`), or a glob of names. */
  readonly before: string;
  /** Share of the elements that become 0, in [0, 1). */
  readonly ratio: number;
}

export interface TrainingFormOptions {
  /** Values for symbolic dimensions, e.g. `{ n: 128 }`. Default: none. */
  readonly bind?: DimBindings;
  /** Size of the first axis of every input where the file leaves it open. Default: what `bind` says. */
  readonly batch?: number;
  /** 'train': batch statistics and dropout. 'evaluate': running statistics, no dropout; the outputs are those of the original. Default 'train'. */
  readonly mode?: 'train' | 'evaluate';
  /** 'frozen': BatchNormalization keeps its running statistics, in training too. Default 'train'. */
  readonly batchNorm?: 'train' | 'frozen';
  /** Dropout in training, of each node by the first that picks it; not in evaluation, nor in the trained file. Default: that of the file's Dropout nodes. */
  readonly dropout?: readonly DropoutSpec[];
  /** Names of values, or globs, that are trained; default: see chooseParameters. */
  readonly trainable?: readonly string[];
  /** Names of values, or globs, that stay as they are. Default: none. */
  readonly frozen?: readonly string[];
}
