import { type Model } from '@gossamer/graph';
import {
  expectedGates,
  type GatedAxis,
  gateName,
  insertSharedGates,
  openGates,
  type SharedGates,
  writeBack,
} from '@gossamer/train';
import { badOption } from '../bad-option.js';
import { groupsOf } from '../groups/groups-of.js';
import type { PruneGroup, PruneUnit } from '../groups/prune-group.js';
import { requireShare } from '../require-share.js';
import { removeUnits, type UnitReason } from '../surgery/remove-units.js';
import type { Learner, Lesson } from './learner.js';
import { watchTerm } from './watch-term.js';

export interface GateOptions extends Pick<Lesson, 'checkpoint' | 'signal'> {
  /** Of `groupsOf(model)`. Default: all. */
  readonly groups?: readonly PruneGroup[];
  /** lambda: what an open gate costs in the loss, > 0 (the paper: 0.1 over the samples, times the weights of the unit). */
  readonly strength: number;
  /** Share of the time that a gate is open as training begins, sigmoid(log alpha), in (0, 1). Default 0.9. */
  readonly open?: number;
  /** Times the learning rate, of log alpha. Default 10. */
  readonly gateRate?: number;
  /** Has to take up `lesson.terms`. */
  readonly learn: Learner;
}

export interface GatedModel {
  /** Smaller: without the units whose gates are 0, the others multiplied by theirs. */
  readonly model: Model;
  readonly removed: readonly PruneUnit[];
  /** Units whose gate is 0 and that cannot go: they stay, as 0. */
  readonly kept: readonly UnitReason[];
  /** By id of the group: log alpha of each unit. What the criterion `gates` is. */
  readonly logAlpha: ReadonlyMap<string, Float32Array>;
  readonly warnings: readonly string[];
}

/**
 * Learns which units are needed: each has a hard-concrete gate on all that makes it (weights, bias, scale and shift of normalizations), open gates cost, and those that end at 0 are removed. What is left
 * computes what training ended with; `recover` trains it on.
 *
 * Source: Louizos, Welling and Kingma, "Learning Sparse Neural Networks through L0 Regularization" (arXiv:1712.01312), sections 2 and 4. Throws ERR_PRUNE_OPTION, and what `learn` throws.
 */
export async function learnGates(model: Model, options: GateOptions): Promise<GatedModel> {
  const { strength, open = 0.9, gateRate = 10, learn, checkpoint, signal } = options;
  if (!(strength > 0 && strength < Infinity)) badOption('strength', 'a finite number above 0', strength);
  requireShare('open', open);
  if (open >= 1) badOption('open', 'a number in (0, 1)', open);
  const groups = options.groups ?? groupsOf(model).groups;
  const specs = groups.map((group) => gatesOf(group, Math.log(open / (1 - open)), model));
  if (specs.length === 0) badOption('groups', 'at least one', 'none');
  const names = specs.map(({ name }) => name);
  const penalty = watchTerm(expectedGates(names), strength);
  const learned = await learn(model, {
    ...(checkpoint ? { checkpoint } : {}),
    ...(signal ? { signal } : {}),
    terms: [penalty.term],
    rewrite: (form, mode) => insertSharedGates(form, specs, mode === 'train'),
    groups: [{ names: names.map(gateName), learningRateFactor: gateRate, weightDecay: 0 }],
  });
  penalty.requireBuilt();
  const logAlpha = new Map(groups.map(({ id }, i) => [id, learned.added.get(gateName(names[i]!))!]));
  const warnings = [...learned.warnings];
  const gates = groups.map(({ id }) => openGates(logAlpha.get(id)!));
  const closed = groups.flatMap(({ id, units }, i) => {
    const own = units.filter((_, unit) => gates[i]![unit] === 0);
    if (own.length < units.length) return own;
    warnings.push(`${id}: all of its ${units.length} gates closed: the unit of the largest log alpha stays, as 0`);
    const alphas = logAlpha.get(id)!;
    const best = alphas.indexOf(Math.max(...alphas));
    return own.filter((_, unit) => unit !== best);
  });
  const folded = fold(learned.model, specs, gates);
  // The units again, as those of the model that learned.
  const { model: smaller, removed, kept } = removeUnits(folded, closed);
  return { model: smaller, removed, kept, logAlpha, warnings };
}

function gatesOf({ id, units }: PruneGroup, logAlpha: number, model: Model): SharedGates {
  const axes = new Map<string, GatedAxis>();
  units.forEach(({ members }, unit) => {
    for (const { value, axis, indices, role } of members) {
      if (role !== 'output') continue;
      const key = `${value.name} ${axis}`;
      const length = model.graph.value(value.name)?.constant?.dims[axis];
      if (length === undefined) badOption('groups', 'groups of this model', `${id}: ${value.name}`);
      const own = axes.get(key) ?? { value: value.name, axis, gateOf: new Int32Array(length).fill(-1) };
      axes.set(key, own);
      for (const index of indices) own.gateOf[index] = unit;
    }
  });
  return { name: `units/${id}`, logAlpha: new Float32Array(units.length).fill(logAlpha), axes: [...axes.values()] };
}

/** The model with the gates in its weights. */
function fold(model: Model, specs: readonly SharedGates[], gates: readonly Float32Array[]): Model {
  const arrays = new Map<string, Float32Array>();
  specs.forEach(({ axes }, i) => {
    for (const { value, axis, gateOf } of axes) {
      const { dims } = model.graph.value(value)!.constant!;
      const data = arrays.get(value) ?? model.graph.value(value)!.constant!.toFloat32().slice();
      arrays.set(value, data);
      const stride = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
      data.forEach((weight, at) => {
        const gate = gateOf[Math.floor(at / stride) % gateOf.length]!;
        const factor = gate < 0 ? 1 : gates[i]![gate]!;
        // Not a product for 0: that of a negative weight would be -0.
        data[at] = factor === 0 ? 0 : weight * factor;
      });
    }
  });
  return writeBack(model, arrays);
}
