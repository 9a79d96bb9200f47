import { fromWeightMatrix, layerFilter, type Model, toWeightMatrix } from '@gossamer/graph';
import { keptOf } from './allocation/kept-of.js';
import { inverseFishers } from './gradients/weight-statistics.js';
import type { ScoredMatrix } from './patterns/pattern.js';
import type { PruneWeightsOptions } from './prune-weights-options.js';
import { type ResolvedOptions, resolveOptions } from './resolve-options.js';
import { byPositionOf } from './updates/by-position-of.js';
import type { Removal, Update } from './updates/update.js';
import { updateByFisher } from './updates/woodfisher.js';
import { chooseByRow, chooseMasks } from './weights/choose-masks.js';
import { findWeights, type LeftLayer, type PrunableWeight } from './weights/find-weights.js';
import { type GradientData, gradientData } from './weights/gradient-data.js';
import { scoreWeights } from './weights/score-weights.js';
import { walkInputs } from './weights/walk-inputs.js';

/** What became of a weight. */
export interface PrunedWeight {
  /** The layers that read it. */
  readonly layers: readonly string[];
  readonly op: string;
  readonly elements: number;
  readonly zeros: number;
  /** What the update says that rises: the mean squared error of the layer's outputs, summed over them; of 'woodfisher' the loss. Missing without an update. */
  readonly rise?: number;
}

export interface PruneWeightsResult {
  readonly model: Model;
  /** By name of the stored tensor, in its layout, 1: stays. What `train` takes as masks. */
  readonly masks: ReadonlyMap<string, Uint8Array>;
  readonly report: {
    readonly weights: readonly PrunedWeight[];
    readonly left: readonly LeftLayer[];
    readonly warnings: readonly string[];
    /** Share of the elements of `weights` that are 0. */
    readonly sparsity: number;
  };
}

/** A weight as it is to become, [groups, rows, columns]. */
interface Outcome {
  readonly data: Float32Array;
  /** 1: stays. */
  readonly kept: Uint8Array;
  readonly rise?: number;
}

/**
 * Sets elements of weights to 0, at once, those of least importance; what stays keeps its bits, or becomes what an update makes of it. The model that is given does not change. Throws ERR_PRUNE_OPTION, ERR_PRUNE_DATA,
 * and where gradients are needed ERR_TRAINING_FORM and ERR_TRAIN_DATA.
 */
export async function pruneWeights(model: Model, options: PruneWeightsOptions): Promise<PruneWeightsResult> {
  const { include = [], exclude = [], signal } = options;
  const resolved = resolveOptions(options);
  signal?.throwIfAborted();
  const copy = model.clone();
  const { filter, warnings } = layerFilter(copy, { include, exclude });
  const { weights, left } = findWeights(copy, filter);
  const { outcomes, warnings: more } = await new Pruning(copy, weights, resolved, options).run();
  const masks = new Map<string, Uint8Array>();
  const report: PrunedWeight[] = [];
  for (const weight of weights) {
    const { layers, view } = weight;
    const outcome = outcomes.get(weight);
    if (!outcome) {
      const reason = `its ${resolved.criterion?.needs === 'inputs' || !resolved.criterion ? 'inputs' : 'gradients'} are not known`;
      left.push(...layers.map((name) => ({ name, op: view.op, reason })));
      continue;
    }
    const { data, kept, rise } = outcome;
    view.write(fromWeightMatrix(view, data));
    if (view.chain.length === 0) masks.set(view.source.name, fromWeightMatrix(view, kept));
    const zeros = kept.reduce((sum, keep) => sum + 1 - keep, 0);
    report.push({ layers, op: view.op, elements: kept.length, zeros, ...(rise === undefined ? {} : { rise }) });
  }
  const total = report.reduce((sum, { elements }) => sum + elements, 0);
  const zeros = report.reduce((sum, own) => sum + own.zeros, 0);
  const sparsity = total > 0 ? zeros / total : 0;
  return { model: copy, masks, report: { weights: report, left, warnings: [...warnings, ...more], sparsity } };
}

/** One pruning, from weights to what they become. */
class Pruning {
  readonly #warnings: string[] = [];
  #gradients: Promise<GradientData> | undefined;

  constructor(
    private readonly model: Model,
    private readonly weights: readonly PrunableWeight[],
    private readonly resolved: ResolvedOptions,
    private readonly options: PruneWeightsOptions,
  ) {}

  async run(): Promise<{ outcomes: Map<PrunableWeight, Outcome>; warnings: readonly string[] }> {
    const { criterion, update } = this.resolved;
    const chosen = criterion && (await this.#choose(criterion));
    return { outcomes: await this.#outcomes(chosen, update), warnings: this.#warnings };
  }

  async #outcomes(
    chosen: Map<PrunableWeight, Given> | undefined,
    update: ResolvedOptions['update'],
  ): Promise<Map<PrunableWeight, Outcome>> {
    if (typeof update === 'object') return this.#updateLayers(update, chosen ?? (await this.#removals()));
    if (!chosen) throw new Error('prune: expected a criterion or an update that chooses, received neither');
    if (update === 'woodfisher') return this.#updateByFisher(chosen);
    return new Map([...chosen].map(([weight, { kept }]) => [weight, masked(weight, kept)]));
  }

  /** Masks by the scores of the criterion. */
  async #choose(criterion: NonNullable<ResolvedOptions['criterion']>): Promise<Map<PrunableWeight, Given>> {
    const { pattern, sparsity, allocation, threshold } = this.resolved;
    const isPlain = criterion.needs === 'nothing' || criterion.needs === 'inputs';
    const gradients = isPlain ? undefined : await this.#gradientData();
    const scores = await scoreWeights(this.model, this.weights, criterion, {
      ...{ options: this.options, threshold, gradients },
    });
    const scored = this.weights.filter((weight) => scores.has(weight));
    const matrices = scored.map((weight) => scores.get(weight)!);
    const masks =
      allocation === 'row'
        ? chooseByRow(matrices, pattern, sparsity!)
        : chooseMasks(
            matrices,
            pattern,
            criterion.cut === undefined
              ? await keptOf(this.model, scored, this.resolved, this.options, matrices)
              : countAbove(matrices.flat(), criterion.cut),
          );
    return new Map(scored.map((weight, i) => [weight, { kind: 'given', kept: masks[i]! }]));
  }

  /** What an update that chooses by itself is told. */
  async #removals(): Promise<Map<PrunableWeight, Removal>> {
    const { nOf } = this.resolved.pattern;
    if (nOf) return new Map(this.weights.map((weight) => [weight, { kind: 'groups', ...nOf }]));
    const counts = (await keptOf(this.model, this.weights, this.resolved, this.options)) as number[];
    return new Map(this.weights.map((weight, i) => [weight, { kind: 'count', kept: counts[i]! }]));
  }

  /** Layer by layer, with the inputs that the layers before make as they are now. */
  async #updateLayers(
    update: Update,
    removals: ReadonlyMap<PrunableWeight, Removal>,
  ): Promise<Map<PrunableWeight, Outcome>> {
    const outcomes = new Map<PrunableWeight, Outcome>();
    const { signal } = this.options;
    const unreached = await walkInputs(
      this.model,
      this.weights.filter((weight) => removals.has(weight)),
      this.options,
      update.name,
      async (weight, { second }) => {
        const matrix = toWeightMatrix(weight.view);
        const removal = await byPositionOf(removals.get(weight)!, matrix, second, this.resolved.pattern);
        const { data, kept, loss } = await update.solve({
          ...{ matrix, second, removal },
          ...(signal ? { signal } : {}),
        });
        outcomes.set(weight, { data, kept, rise: loss });
        const [own, ...others] = weight.layers;
        if (others.length > 0)
          this.#warnings.push(
            `${own}: its update keeps the outputs of this layer; ${others.join(', ')} reads the same weight`,
          );
        return data;
      },
    );
    for (const weight of unreached) this.#withoutUpdate(outcomes, weight, removals.get(weight)!, 'inputs');
    return outcomes;
  }

  async #updateByFisher(removals: ReadonlyMap<PrunableWeight, Given>): Promise<Map<PrunableWeight, Outcome>> {
    const outcomes = new Map<PrunableWeight, Outcome>();
    const { dataset, how } = await this.#gradientData();
    const chosen = [...removals.keys()];
    for await (const [weight, fisher] of inverseFishers(this.model, chosen, dataset, how)) {
      const { kept } = removals.get(weight)!;
      const { data, loss } = updateByFisher(toWeightMatrix(weight.view).data, kept, fisher);
      outcomes.set(weight, { data, kept, rise: loss });
      this.options.onProgress?.({ stage: 'woodfisher', done: outcomes.size, total: chosen.length });
    }
    for (const weight of chosen)
      if (!outcomes.has(weight)) this.#withoutUpdate(outcomes, weight, removals.get(weight)!, 'gradients');
    return outcomes;
  }

  /** A weight that was chosen from all the same keeps what stays of it as it is. */
  #withoutUpdate(outcomes: Map<PrunableWeight, Outcome>, weight: PrunableWeight, removal: Removal, what: string): void {
    if (removal.kind !== 'given') return;
    outcomes.set(weight, masked(weight, removal.kept));
    this.#warnings.push(`${weight.layers[0]}: pruned without an update: its ${what} are not known`);
  }

  #gradientData(): Promise<GradientData> {
    return (this.#gradients ??= gradientData(this.model, this.options).then((found) => {
      this.#warnings.push(...found.warnings);
      return found;
    }));
  }
}

type Given = Extract<Removal, { kind: 'given' }>;

function masked({ view }: PrunableWeight, kept: Uint8Array): Outcome {
  return { data: toWeightMatrix(view).data.map((value, i) => (kept[i] === 1 ? value : 0)), kept };
}

const countAbove = (matrices: readonly ScoredMatrix[], cut: number): number =>
  matrices.reduce((sum, { scores }) => sum + scores.reduce((count, score) => count + (score >= cut ? 1 : 0), 0), 0);
