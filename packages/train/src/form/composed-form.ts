import { Graph, Model, type Value } from '@gossamer/graph';
import { Emitter } from '../emit/emitter.js';
import { TRAIN_DOMAIN, TRAINING_OPSET } from '../emit/train-domain.js';
import type { Parameter, RandomInput, RunningState, TrainingForm } from './training-form.js';

/** How a form is put into a composition. */
export interface EmbedOptions {
  /** Begins the names of its values. Default: none. */
  readonly prefix?: string;
  /**
   * What becomes of its parameters and running statistics. 'trained': those of the composition. 'fed': inputs that somebody else feeds, under their
   * prefixed names. 'constant': what the file holds, for good.
   */
  readonly state: 'trained' | 'fed' | 'constant';
}

/**
 * Several training forms as one: the outputs of one are the inputs of another, and gradients flow through those that are not trained. Operators
 * between them are emitted with `g`.
 */
export class ComposedForm {
  readonly g: Emitter;
  readonly #inputs: string[] = [];
  readonly #parameters: Parameter[] = [];
  readonly #running: RunningState[] = [];
  readonly #random: RandomInput[] = [];
  readonly #next = new Map<string, Value>();

  constructor(name: string) {
    const opsets = new Map([
      ['', TRAINING_OPSET],
      [TRAIN_DOMAIN, 1],
    ]);
    this.g = new Emitter(new Model({ irVersion: 10, opsets, graph: new Graph(name) }));
  }

  /** An input that carries data, float32. */
  input(name: string, shape: readonly number[]): Value {
    this.#inputs.push(name);
    return this.g.input(name, 'float32', shape);
  }

  /** Puts `form` behind `inputs`, one value for each of its own; returns what stands for its values, by the names they have there. */
  embed(form: TrainingForm, inputs: readonly Value[], { prefix = '', state }: EmbedOptions): (name: string) => Value {
    const { g } = this;
    const { graph } = form.model;
    const values = new Map<Value, Value>();
    form.inputs.forEach((name, i) => values.set(graph.value(name)!, inputs[i]!));
    for (const item of [...form.parameters, ...form.running]) {
      values.set(graph.value(item.name)!, this.#state(item, `${prefix}${item.name}`, state));
    }
    for (const { name, shape } of form.random) {
      const own = `${name}${prefix}`;
      this.#random.push({ name: own, shape });
      values.set(graph.value(name)!, g.input(own, 'float32', shape));
    }
    for (const value of graph.initializers()) {
      if (value.initializer && !value.isInput) values.set(value, g.tensor(value.initializer, `${prefix}${value.name}`));
    }
    for (const node of graph.nodes()) {
      g.scope = prefix;
      const made = g.copy(
        node,
        node.inputs.map((value) => value && values.get(value)!),
      );
      node.outputs.forEach((value, i) => {
        if (value) values.set(value, made[i]!);
      });
    }
    if (state === 'trained') this.#train(form, prefix, (name) => values.get(graph.value(name)!)!);
    return (name) => values.get(graph.value(name)!)!;
  }

  /** The form; `outputs` by the names they get, which losses know them by. */
  finish(outputs: Readonly<Record<string, Value>>): TrainingForm {
    for (const [name, value] of Object.entries(outputs)) this.g.output(value, name);
    for (const [name, value] of this.#next) this.g.output(value, name);
    return {
      model: this.g.model,
      inputs: this.#inputs,
      outputs: Object.keys(outputs),
      parameters: this.#parameters,
      running: this.#running,
      random: this.#random,
      warnings: [],
    };
  }

  #state({ initial }: Parameter | RunningState, name: string, state: EmbedOptions['state']): Value {
    return state === 'constant' ? this.g.tensor(initial, name) : this.g.input(name, 'float32', initial.dims);
  }

  #train(form: TrainingForm, prefix: string, valueOf: (name: string) => Value): void {
    this.#parameters.push(...form.parameters.map((item) => ({ ...item, name: `${prefix}${item.name}` })));
    for (const { output, ...item } of form.running) {
      const moved = output === undefined ? {} : { output: `${prefix}${output}` };
      this.#running.push({ ...item, name: `${prefix}${item.name}`, ...moved });
      if (output !== undefined) this.#next.set(`${prefix}${output}`, valueOf(output));
    }
  }
}
