import { type Feeds, logitsOutput, modelInputs, Session } from '@gossamer/runtime';
import { badOption } from '../bad-option.js';
import type { GroupContext, GroupCriterion } from './group-criterion.js';
import { isMaskable, type MaskableModel, maskInputs } from './mask-inputs.js';
import { OutputLoss, type ReferenceRun } from './output-loss.js';

/** Samples of a run. */
const BATCH = 32;

/** A run of the data that is repeated with each unit masked. */
interface Trial extends ReferenceRun {
  readonly feeds: Feeds;
}

/**
 * How much the loss grows with the unit set to 0, measured: cross-entropy where the data have labels, else the change of the outputs. One session: what
 * masking sets to 0 is multiplied by masks, which are inputs. Runs the data once a unit.
 */
export const ablation: GroupCriterion = {
  name: 'ablation',
  needs: 'inputs',
  isGlobal: true,
  seesBodies: true,
  score: async (context) => {
    const { model, groups, threads, signal, onProgress } = context;
    const covered = groups.filter(isMaskable);
    const maskable = maskInputs(model, covered);
    const run = { ...(threads === undefined ? {} : { threads }), ...(signal ? { signal } : {}) };
    const session = await Session.open(maskable.model, run);
    try {
      const trials = await readTrials(context, session, maskable);
      const loss = async (masks: Feeds) => {
        const sum = new OutputLoss(logitsOutput(model));
        for (const trial of trials) sum.add(trial, await session.run({ ...trial.feeds, ...masks }));
        return sum.mean();
      };
      const whole = await loss(maskable.without());
      const total = covered.reduce((sum, { units }) => sum + units.length, 0);
      let done = 0;
      const all = [];
      for (const group of groups) {
        if (!covered.includes(group)) {
          all.push('its weights are no float32');
          continue;
        }
        const scores = new Float64Array(group.units.length);
        for (const [i, unit] of group.units.entries()) {
          signal?.throwIfAborted();
          scores[i] = (await loss(maskable.without(unit))) - whole;
          onProgress({ stage: 'ablation', done: ++done, total });
          // A run blocks the event loop: let timers, signals and progress through in between.
          await new Promise((resolve) => setImmediate(resolve));
        }
        all.push(scores);
      }
      return all;
    } finally {
      await session.dispose();
    }
  },
};

async function readTrials(
  { model, data, samples, signal }: GroupContext,
  session: Session,
  maskable: MaskableModel,
): Promise<Trial[]> {
  const trials: Trial[] = [];
  const masks = maskable.without();
  const request = { inputs: modelInputs(model), batchSize: BATCH, limit: samples, ...(signal ? { signal } : {}) };
  for await (const { feeds, labels, steps } of data!.batches(request)) {
    if (steps) badOption('data', 'samples, for criterion ablation', 'sequences of steps', 'ERR_PRUNE_DATA');
    trials.push({ feeds, labels, outputs: await session.run({ ...feeds, ...masks }) });
  }
  return trials;
}
