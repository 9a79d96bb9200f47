import type { Model } from '@gossamer/graph';
import type { Batch, DataSource } from '../data/data-source.js';
import { validRows } from '../data/valid-rows.js';
import type { Outputs } from '../session/feeds.js';
import { Session, type SessionOptions } from '../session/session.js';
import { type Divergence, DivergenceSums } from './divergence.js';
import { logitsOutput } from './logits-output.js';

export interface ModelTrialsOptions extends Pick<SessionOptions, 'engine' | 'threads' | 'signal'> {
  /** Output whose softmax is compared too. Default: see logitsOutput. */
  readonly logits?: string;
}

/**
 * Compares changed copies of a model with the model itself: which layer suffers most from quantization or pruning. The model runs once; its outputs
 * stay in memory. Sequences run step by step.
 */
export class ModelTrials {
  private constructor(
    private readonly data: DataSource,
    private readonly reference: readonly Outputs[],
    private readonly logits: string | undefined,
    private readonly options: ModelTrialsOptions,
  ) {}

  /** `data` must give the same batches each time (see keepSamples). */
  static async open(model: Model, data: DataSource, options: ModelTrialsOptions = {}): Promise<ModelTrials> {
    const reference: Outputs[] = [];
    for await (const outputs of runOver(model, data, options)) reference.push(outputs);
    return new ModelTrials(data, reference, options.logits ?? logitsOutput(model), options);
  }

  /** Runs a model with the same inputs and outputs. */
  async measure(changed: Model): Promise<Divergence> {
    const sums = new DivergenceSums(this.logits);
    let run = 0;
    for await (const outputs of runOver(changed, this.data, this.options)) sums.add(this.reference[run++]!, outputs);
    return sums.result();
  }
}

/** Outputs of every batch, and of every step of a sequence, without rows that only fill a batch up. */
async function* runOver(model: Model, data: DataSource, options: ModelTrialsOptions): AsyncGenerator<Outputs> {
  const { signal } = options;
  const session = await Session.open(model, options);
  try {
    for await (const batch of data.batches({ inputs: session.inputs, ...(signal ? { signal } : {}) })) {
      if (!batch.steps) yield valid(await session.run(batch.feeds), batch);
      else {
        const stepper = session.stepper();
        for (const step of batch.steps) yield valid(await stepper.step({ ...batch.feeds, ...step }), batch);
      }
      // A run blocks the event loop: let timers, signals and progress through in between.
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    }
  } finally {
    await session.dispose();
  }
}

const valid = (outputs: Outputs, batch: Batch): Outputs =>
  Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, validRows(tensor, batch)]));
