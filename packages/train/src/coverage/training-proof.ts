import { type Model, Tensor } from '@gossamer/graph';
import { evaluate } from '@gossamer/graph/eval';
import { fillUniform, streamOf } from '../data/counter-random.js';
import { toTrainingForm } from '../form/to-training-form.js';
import type { TrainingForm } from '../form/training-form.js';
import { expandFunctions } from '../functions/expand-functions.js';
import { adam } from '../optimizers/adam.js';
import { chooseStep } from '../optimizers/choose-step.js';
import { buildTrainingGraph, LOSS, type TrainingGraph } from '../step/build-training-graph.js';
import { openTrainingSession, type TrainingEngine, type TrainingSession } from '../step/training-session.js';
import type { CoverageCase } from './coverage-case.js';
import { drawFeeds, movedFeeds } from './draw-feeds.js';
import { squaresOfOutputs } from './squares-of-outputs.js';

/** Gradients by name of the parameter. */
type Gradients = ReadonlyMap<string, Float64Array>;

/** One model as a training graph with a batch, and what is proved of it. */
export class TrainingProof {
  readonly feeds: Record<string, Tensor>;
  #exact: Gradients | undefined;

  private constructor(
    readonly options: CoverageCase,
    readonly form: TrainingForm,
    readonly graph: TrainingGraph,
  ) {
    this.feeds = drawFeeds(graph.model, form, options);
  }

  /** Throws as `toTrainingForm` and `differentiate` do for what cannot be trained. */
  static async make(options: CoverageCase): Promise<TrainingProof> {
    const form = toTrainingForm(await options.build(), options.form);
    return new TrainingProof(options, form, buildTrainingGraph(form, [{ loss: squaresOfOutputs }]));
  }

  /** Numbers that are trained. */
  get parameters(): number {
    return this.form.parameters.reduce((sum, { initial }) => sum + initial.length, 0);
  }

  /** Nodes of forward and backward pass. */
  get nodes(): number {
    return [...this.graph.model.graph.nodes()].length;
  }

  /** The gradients by the definitions of the standard, in double. */
  exact(): Gradients {
    this.#exact ??= this.#read(evaluate(this.expanded(), this.feeds, { precision: 'float64' }));
    return this.#exact;
  }

  /** Forward and backward pass in standard operators. */
  expanded(): Model {
    return expandFunctions(this.graph.model);
  }

  open(engine: TrainingEngine, threads = 1): Promise<TrainingSession> {
    return openTrainingSession(this.graph.model, { engine, threads });
  }

  /**
   * Largest difference of an engine's gradients to the exact ones: of each array by its largest element, that by at least `floor` of the
   * largest of all (a gradient that is zero but for cancellation, as a bias before BatchNormalization has it, is measured by what cancels).
   */
  async gradientError(
    session: TrainingSession,
    floor = 1e-3,
  ): Promise<{ readonly error: number; readonly at: string }> {
    const got = this.#read(await session.run(this.feeds));
    const exact = this.exact();
    const all = Math.max(...[...exact.values()].map(largestOf));
    let worst = { error: 0, at: '' };
    for (const [name, want] of exact) {
      const scale = Math.max(largestOf(want), floor * all);
      const error = largestDeviation(got.get(name)!, want) / scale;
      if (error > worst.error) worst = { error, at: name };
    }
    return worst;
  }

  /**
   * Difference of the exact gradient to a central difference of the loss in double, along the gradient and a random direction of its
   * length at once, relative to what the gradient says.
   */
  differenceError(step = 1e-6): number {
    const exact = this.exact();
    const norm = Math.hypot(...[...exact.values()].map(lengthOf));
    if (norm === 0) return 0;
    const direction = new Map<string, Float64Array>();
    let slope = 0;
    const random = new Map([...exact].map(([name, { length }]) => [name, signed(name, length)]));
    const randomNorm = Math.hypot(...[...random.values()].map(lengthOf));
    for (const [name, gradient] of exact) {
      const array = gradient.map((x, i) => x / norm + random.get(name)![i]! / randomNorm);
      array.forEach((x, i) => (slope += x * gradient[i]!));
      direction.set(name, array);
    }
    const forward = this.expanded();
    const lossAt = (at: number) =>
      evaluate(forward, movedFeeds(this.feeds, direction, at), { precision: 'float64', outputs: [LOSS] })[
        LOSS
      ]!.toFloat64()[0]!;
    return Math.abs((lossAt(step) - lossAt(-step)) / (2 * step) - slope) / Math.abs(slope);
  }

  /** Losses before each of `steps` steps of Adam on the one batch, and after the last. */
  async losses(session: TrainingSession, steps: number): Promise<number[]> {
    const options = adam.resolve({ learningRate: this.options.learningRate ?? 1e-3 });
    const feeds = { ...this.feeds };
    const arrays = this.form.parameters.map(({ name, initial }) => {
      const weight = initial.toFloat32().slice();
      return { name, dims: initial.dims, weight, slots: adam.slots.map(() => new Float32Array(weight.length)) };
    });
    const update = chooseStep();
    const losses: number[] = [];
    for (let step = 1; ; step++) {
      const outputs = await session.run(feeds);
      losses.push(outputs[LOSS]!.toFloat32()[0]!);
      if (step > steps) return losses;
      const gradientOf = (name: string) => outputs[this.graph.gradients.get(name)!]!.toFloat32();
      const tensors = arrays.map(({ name, weight, slots }) => ({ weight, slots, gradient: gradientOf(name) }));
      update(adam, tensors, adam.hyper(step, options));
      for (const { name, dims, weight } of arrays) feeds[name] = Tensor.of('float32', dims, weight);
    }
  }

  #read(outputs: Readonly<Record<string, Tensor>>): Gradients {
    return new Map([...this.graph.gradients].map(([name, output]) => [name, outputs[output]!.toFloat64()]));
  }
}

// Locals: a global's property is looked up at every call in an isolated context (tests), 25 times slower.
const { abs, sqrt } = Math;

function largestOf(array: Float64Array): number {
  let largest = 0;
  for (const x of array) if (abs(x) > largest) largest = abs(x);
  return largest;
}

const lengthOf = (array: Float64Array): number => sqrt(array.reduce((sum, x) => sum + x * x, 0));

/** Infinite where an element is no number. */
function largestDeviation(got: Float64Array, want: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < want.length; i++) {
    const deviation = abs(got[i]! - want[i]!);
    if (!(deviation <= largest)) largest = deviation < Infinity ? deviation : Infinity;
  }
  return largest;
}

function signed(name: string, length: number): Float64Array {
  const uniform = new Float32Array(length);
  fillUniform(uniform, 2, streamOf(name), 0);
  return Float64Array.from(uniform, (x) => 2 * x - 1);
}
