import type { Model } from '@gossamer/graph';
import { type DataSource, type Divergence, ModelTrials } from '@gossamer/runtime';
import { sessionOptions } from '../session-options.js';
import { type ChoiceUnit, simulateUnits, simulateWeight } from './choice-unit.js';
import { hessianTraces } from './hessian-trace.js';
import type { JournalKeeper } from './journal.js';
import type { MixedPrecisionOptions, Sensitivity } from './mixed-precision-options.js';
import { ownNoise } from './own-noise.js';
import type { WeightOption } from './weight-option.js';

/** What is measured, and on what. */
export interface LossContext extends Pick<MixedPrecisionOptions, 'engine' | 'threads' | 'signal' | 'onProgress'> {
  /** Prepared; the weights of `units` are its own. */
  readonly model: Model;
  readonly units: readonly ChoiceUnit[];
  readonly options: readonly WeightOption[];
  /** Gives the same batches each time. */
  readonly data: DataSource;
  readonly journal: JournalKeeper;
}

/** The loss that each option of each unit alone is predicted to bring: [unit][option], >= 0, in the unit of the sensitivity. */
export async function predictLosses(sensitivity: Sensitivity, context: LossContext): Promise<number[][]> {
  const { units, options, journal, signal, onProgress } = context;
  const take = start(sensitivity, context);
  const losses: number[][] = [];
  const total = units.length * options.length;
  for (const [u, unit] of units.entries()) {
    const row: number[] = [];
    for (const [o, option] of options.entries()) {
      signal?.throwIfAborted();
      const key = `${sensitivity} of ${unit.id} as ${option.name}`;
      row.push(option.fit ? await journal.measure(key, () => take(u, o)) : 0);
      onProgress?.({ stage: 'sensitivity', done: u * options.length + o + 1, total });
    }
    losses.push(row);
  }
  return losses;
}

type TakeLoss = (unit: number, option: number) => Promise<number>;

/** What measures one loss; work that all losses share is done when the first is asked for. */
function start(sensitivity: Sensitivity, context: LossContext): TakeLoss {
  const { model, units, options, data } = context;
  const run = sessionOptions(context);
  if (sensitivity === 'sqnr') {
    let table: Promise<number[][]> | undefined;
    return async (unit, option) => (await (table ??= ownNoise(model, units, options, data, run)))[unit]![option]!;
  }
  if (sensitivity === 'hutchinson') {
    const names = units.flatMap(({ views }) => views.map(({ source }) => source.name));
    let traces: Promise<ReadonlyMap<string, number>> | undefined;
    return async (unit, option) => {
      const found = await (traces ??= hessianTraces(model, [...new Set(names)], data, run));
      return units[unit]!.views.reduce((sum, view) => {
        const own = view.toFloat32();
        const changed = simulateWeight(view, options[option]!);
        let square = 0;
        for (let i = 0; i < own.length; i++) square += (own[i]! - changed[i]!) ** 2;
        return sum + (found.get(view.source.name)! / own.length / 2) * square;
      }, 0);
    };
  }
  let trials: Promise<ModelTrials> | undefined;
  return async (unit, option) => {
    const changed = simulateUnits(model, new Map([[units[unit]!, options[option]!]]));
    return lossOf(await (await (trials ??= ModelTrials.open(model, data, run))).measure(changed));
  };
}

/** One number for a divergence: KL where the model has logits, else noise over signal. */
export const lossOf = ({ kl, noise }: Divergence): number => kl ?? noise;
