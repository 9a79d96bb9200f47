import { arrayDataset, crossEntropy, Trainer, type TrainingEngine } from '@gossamer/train';
import { BATCHES, stepBatches } from './step-state.js';
import { TRAINING_NETS } from './training-nets.js';

/** Milliseconds and losses of some steps. */
export interface TimedSteps {
  readonly ms: readonly number[];
  readonly losses: readonly number[];
}

/** A net in training on one engine, a step whenever it is told to: batches in turns, Adam with a learning rate of 1e-3. */
export class StepRunner {
  private constructor(private readonly trainer: Trainer) {}

  static async open(name: string, engine: TrainingEngine, threads: number, blockedLayout = false): Promise<StepRunner> {
    const net = TRAINING_NETS.find((item) => item.name === name);
    if (!net)
      throw new Error(`net: expected one of ${TRAINING_NETS.map((item) => item.name).join(', ')}, received ${name}`);
    const { input, labels } = stepBatches(net);
    const dataset = arrayDataset({
      input: input.reshaped([BATCHES * net.batch, ...net.input]),
      labels: labels.reshaped([BATCHES * net.batch]),
    });
    const trainer = await Trainer.open(net.build(), dataset, undefined, {
      losses: [{ loss: crossEntropy() }],
      batch: net.batch,
      steps: Number.MAX_SAFE_INTEGER,
      learningRate: 1e-3,
      shuffle: false,
      engine,
      threads,
      blockedLayout,
    });
    return new StepRunner(trainer);
  }

  async run(steps: number): Promise<TimedSteps> {
    const ms: number[] = [];
    const losses: number[] = [];
    for (let i = 0; i < steps; i++) {
      const start = performance.now();
      losses.push(await this.trainer.update());
      ms.push(performance.now() - start);
    }
    return { ms, losses };
  }
}
