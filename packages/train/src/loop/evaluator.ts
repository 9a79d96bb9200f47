import type { Tensor } from '@gossamer/graph';
import { type Model } from '@gossamer/graph';
import { createMetric, sliceRows } from '@gossamer/runtime';
import { BatchPlan } from '../data/batch-plan.js';
import type { Dataset } from '../data/dataset.js';
import { toTrainingForm } from '../form/to-training-form.js';
import { badOption } from '../require-option.js';
import { openTrainingSession, type TrainingSession, type TrainingSessionOptions } from '../step/training-session.js';
import { BatchFeeder, type FedArray } from './batch-feeder.js';
import type { ParameterStore } from './parameter-store.js';
import type { TrainOptions } from './train-options.js';

/** Arrays that metrics compare outputs with. */
const ANSWERS = ['labels', 'targets'] as const;

/** Measures a model in training on held-out samples, with the weights as they are at the moment. */
export class Evaluator {
  private constructor(
    private readonly session: TrainingSession,
    private readonly inputs: readonly string[],
    private readonly answers: readonly (typeof ANSWERS)[number][],
    private readonly metric: string,
    private readonly feeder: BatchFeeder,
    private readonly plan: BatchPlan,
  ) {}

  static async open(
    model: Model,
    dataset: Dataset,
    metric: string,
    batch: number,
    { form, rewrite }: Pick<TrainOptions, 'form' | 'rewrite'>,
    options: TrainingSessionOptions,
  ): Promise<Evaluator> {
    const plain = toTrainingForm(model, { ...form, batch, mode: 'evaluate' });
    const evaluated = rewrite?.(plain, 'evaluate') ?? plain;
    const fed: FedArray[] = evaluated.inputs.map((name) => {
      const type = evaluated.model.graph.value(name)!.type;
      if (type?.kind !== 'tensor' || !type.dtype) throw new Error(`input ${name}: has no type`);
      return { name, dtype: type.dtype, shape: type.shape as readonly number[] };
    });
    const answers = ANSWERS.filter((name) => dataset.arrays.has(name));
    const answered = answers.map((name) => {
      const { dtype, shape } = dataset.arrays.get(name)!;
      return { name, dtype, shape: [batch, ...shape] };
    });
    requireAnswers(metric, answers);
    const feeder = new BatchFeeder(dataset, [...fed, ...answered], [], batch);
    const plan = new BatchPlan(dataset.length, batch, 0, false);
    const session = await openTrainingSession(evaluated.model, options);
    const inputs = evaluated.model.graph.inputs.map(({ name }) => name);
    return new Evaluator(session, inputs, answers, metric, feeder, plan);
  }

  /** The metric over all samples. */
  async measure(store: ParameterStore, signal?: AbortSignal): Promise<number> {
    const metric = createMetric(this.metric);
    for (let step = 0; step < this.plan.stepsPerEpoch; step++) {
      signal?.throwIfAborted();
      const { indices, count } = this.plan.at(step);
      this.feeder.read(indices, count);
      const live = store.feeds;
      const feeds: Record<string, Tensor> = {};
      for (const name of this.inputs) feeds[name] = this.feeder.feeds[name] ?? live[name]!;
      const outputs = await this.session.run(feeds, signal ? { signal } : {});
      const answers = this.answers.map((name) => [name, sliceRows(this.feeder.feeds[name]!, 0, count)] as const);
      // Classes of positions are what perplexity calls targets.
      const first = answers[0]?.[1];
      metric.update(outputs, { count, ...(first ? { targets: first } : {}), ...Object.fromEntries(answers) });
    }
    return metric.result().value;
  }

  dispose(): Promise<void> {
    return this.session.dispose();
  }
}

/** Throws ERR_TRAIN_OPTIONS for a metric that needs what no sample has: before training, not at its first measurement. */
function requireAnswers(name: string, answers: readonly (typeof ANSWERS)[number][]): void {
  const { needs } = createMetric(name);
  if (needs === 'labels' ? answers.includes('labels') : needs === 'targets' && answers.length > 0) return;
  badOption('metric', `one of ${answers.join(' and ') || 'nothing'}, which the samples have`, `${name} of ${needs}`);
}
