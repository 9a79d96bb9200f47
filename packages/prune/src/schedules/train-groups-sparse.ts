import type { Model } from '@gossamer/graph';
import type { RegularizerTerm } from '@gossamer/train';
import { badOption } from '../bad-option.js';
import { groupsOf } from '../groups/groups-of.js';
import type { PruneGroup, PruneUnit } from '../groups/prune-group.js';
import { keepLargest } from '../masks/keep-largest.js';
import { requireShare } from '../require-share.js';
import { removeUnits, type UnitReason } from '../surgery/remove-units.js';
import type { Learner } from './learner.js';
import { recover } from './recover.js';
import { runStages, type StageContext, type StageOptions } from './run-stages.js';

export interface GroupLassoOptions extends StageOptions {
  /** Share of all units that go, in (0, 1); of each group at least one stays. */
  readonly sparsity: number;
  /** lambda of the penalty, > 0: each update takes learning rate x lambda off every unit's norm. */
  readonly strength: number;
  /** Which groups of `groupsOf`. Default: all. */
  readonly groups?: (group: PruneGroup) => boolean;
  readonly learn: Learner;
}

export interface GroupLassoResult {
  readonly model: Model;
  readonly removed: number;
  /** Of the units, those that the penalty alone took to 0. */
  readonly byPenalty: number;
  readonly kept: readonly UnitReason[];
  readonly warnings: readonly string[];
}

/**
 * Trains with a group lasso over units (each with all that makes it: weights, bias, scale and shift of normalizations), taken as a proximal step that reaches units of exact zeros, removes those of least
 * norm a weight, and trains the smaller model on without the penalty. Stages: 'sparse', 'recovered'.
 *
 * Source: Wen et al., "Learning Structured Sparsity in Deep Neural Networks" (arXiv:1608.03665), there over single layers. Throws ERR_PRUNE_OPTION, ERR_PRUNE_STAGES.
 */
export async function trainGroupsSparse(model: Model, options: GroupLassoOptions): Promise<GroupLassoResult> {
  const { sparsity, strength, learn, groups: isMeant = () => true, signal } = options;
  requireShare('sparsity', sparsity);
  if (!(strength > 0 && strength < Infinity)) badOption('strength', 'a finite number above 0', strength);
  const groups = groupsOf(model).groups.filter(isMeant);
  if (groups.length === 0) badOption('groups', 'at least one', 'none');
  const warnings: string[] = [];
  const regularizers = groups.map((group) => termOf(group, strength, warnings));
  const lessonOf = ({ checkpoint }: StageContext) => ({
    ...(checkpoint ? { checkpoint } : {}),
    ...(signal ? { signal } : {}),
  });
  const remove = (sparse: Model) => removeUnits(sparse, leastUnits(sparse, groups, sparsity));
  const stages = [
    {
      name: 'sparse',
      run: async (context: StageContext) => (await learn(model, { ...lessonOf(context), regularizers })).model,
    },
    {
      name: 'recovered',
      run: async (context: StageContext) =>
        (await recover(remove(context.model('sparse')).model, learn, lessonOf(context))).model,
    },
  ];
  const settings = ['groups', sparsity, strength, groups.map(({ id }) => id), learn];
  const made = await runStages(model, settings, stages, options);
  const sparse = made.get('sparse')!;
  const { removed, kept } = remove(sparse);
  const byPenalty = normsOf(sparse, groups).filter((norm) => norm === 0).length;
  return { model: made.get('recovered')!, removed: removed.length, byPenalty, kept, warnings };
}

/** One norm for all that makes a unit. A tensor of which a part belongs to no unit stays out. */
function termOf({ id, units }: PruneGroup, strength: number, warnings: string[]): RegularizerTerm {
  const tensors = new Map<string, { name: string; axis: number; groupOf: Int32Array }>();
  units.forEach(({ members }, unit) => {
    for (const { value, axis, indices, role } of members) {
      if (role !== 'output') continue;
      const key = `${value.name} ${axis}`;
      const own = tensors.get(key) ?? {
        ...{ name: value.name, axis, groupOf: new Int32Array(value.constant!.dims[axis]!).fill(-1) },
      };
      tensors.set(key, own);
      for (const index of indices) own.groupOf[index] = unit;
    }
  });
  const whole = [...tensors.values()].filter(({ groupOf }) => !groupOf.includes(-1));
  for (const { name, groupOf } of tensors.values())
    if (groupOf.includes(-1)) warnings.push(`${id}: ${name} is not shrunk: some of its slices belong to no unit`);
  return { regularizer: 'group-lasso', strength, tensors: whole };
}

/** Root of the mean square of what makes each unit, group by group. */
function normsOf(model: Model, groups: readonly PruneGroup[]): Float64Array {
  const arrays = new Map<string, Float32Array>();
  const dataOf = (name: string) => {
    const known = arrays.get(name) ?? model.graph.value(name)!.constant!.toFloat32();
    arrays.set(name, known);
    return known;
  };
  const normOf = ({ members }: PruneUnit): number => {
    let [sum, count] = [0, 0];
    for (const { value, axis, indices, role } of members) {
      if (role !== 'output') continue;
      const { dims } = value.constant!;
      const data = dataOf(value.name);
      const stride = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
      const size = dims[axis]! * stride;
      for (let block = 0; block < data.length; block += size)
        for (const index of indices) for (let i = 0; i < stride; i++) sum += data[block + index * stride + i]! ** 2;
      count += (data.length / dims[axis]!) * indices.length;
    }
    return Math.sqrt(sum / count);
  };
  return Float64Array.from(groups.flatMap(({ units }) => units.map(normOf)));
}

/** The units of least norm, over all groups, but the largest of each. */
function leastUnits(model: Model, groups: readonly PruneGroup[], sparsity: number): PruneUnit[] {
  const norms = normsOf(model, groups);
  let at = 0;
  for (const { units } of groups) {
    const own = norms.subarray(at, (at += units.length));
    own[own.indexOf(Math.max(...own))] = Infinity;
  }
  const kept = keepLargest(norms, norms.length - Math.floor(sparsity * norms.length));
  return groups.flatMap(({ units }) => units).filter((_, i) => kept[i] === 0 && norms[i] !== Infinity);
}
