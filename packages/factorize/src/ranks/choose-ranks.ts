import type { Model } from '@gossamer/graph';
import type { DataSource } from '@gossamer/runtime';
import type { RankRule, ResolvedOptions } from '../resolve-options.js';
import { type LayerWork, macsWith, savingCandidates } from '../work.js';
import { letThrough } from './let-through.js';
import { sensitivityProbe } from './sensitivity-probe.js';
import { smallestAccepted } from './smallest-accepted.js';
import { type Choice, withinBudget } from './within-budget.js';

const NOTHING_SAVES = 'no rank that is allowed has fewer bytes and fewer multiply-accumulates';

/**
 * Gives each layer its candidate, or the reason to be left. `other`: what the layers cost that are left already, in the unit of a budget. Returns warnings; one
 * where a budget is not met.
 */
export async function chooseRanks(
  model: Model,
  works: readonly LayerWork[],
  other: { readonly bytes: number; readonly macs: number },
  options: ResolvedOptions,
  data: DataSource | undefined,
): Promise<string[]> {
  const { ranks, signal } = options;
  if (ranks.kind === 'budget') return chooseWithin(works, other[ranks.budget.of], ranks.budget, options);
  const probe = ranks.kind === 'sensitivity' ? await sensitivityProbe(model, data!, signal) : undefined;
  for (const work of works) {
    signal?.throwIfAborted();
    const candidates = savingCandidates(work);
    if (candidates.length === 0) {
      work.left = [NOTHING_SAVES, ...work.decomposition!.failures].join('; ');
      continue;
    }
    const { decomposition } = work;
    const chosen = await smallestAccepted(candidates, async (candidate) => {
      await letThrough(signal);
      const lost = decomposition!.lost(candidate);
      if (ranks.kind === 'energy') return lost <= 1 - ranks.energy;
      if (!Number.isFinite(lost)) return false;
      return ranks.kind !== 'sensitivity' || (await probe!(work, candidate)) <= ranks.noise;
    });
    if (chosen) work.candidate = chosen;
    else work.left = [refused(ranks, candidates.at(-1)!.ranks), ...decomposition!.failures].join('; ');
  }
  return [];
}

function refused(ranks: RankRule, most: readonly number[]): string {
  const largest = `rank ${most.join(' x ')}, the largest that saves,`;
  if (ranks.kind === 'energy') return `${largest} keeps less than ${ranks.energy} of its energy`;
  if (ranks.kind === 'sensitivity') return `${largest} changes the outputs by more than ${ranks.noise} of their power`;
  return `${largest} is not possible`;
}

async function chooseWithin(
  works: readonly LayerWork[],
  other: number,
  { of, share }: { readonly of: 'bytes' | 'macs'; readonly share: number },
  { signal, onProgress }: ResolvedOptions,
): Promise<string[]> {
  const known = works.filter((work) => {
    if (of === 'macs' && work.macs === undefined) work.left = 'its multiply-accumulates are not known';
    else if (savingCandidates(work).length === 0) work.left = NOTHING_SAVES;
    return work.left === undefined || of === 'bytes' || work.macs !== undefined;
  });
  const costOf = (work: LayerWork) => (of === 'bytes' ? work.bytes : work.macs!);
  const candidates = known.map((work) => (work.left === undefined ? savingCandidates(work) : []));
  const choices: Choice[][] = [];
  for (const [i, work] of known.entries()) {
    const own: Choice[] = [{ cost: costOf(work), lost: 0 }];
    for (const candidate of candidates[i]!) {
      await letThrough(signal);
      const cost = of === 'bytes' ? candidate.bytes : macsWith(work, candidate)!;
      own.push({ cost, lost: work.decomposition!.lost(candidate) });
    }
    choices.push(own);
    onProgress?.({ stage: 'ranks', done: i + 1, total: known.length });
  }
  const whole = other + known.reduce((sum, work) => sum + costOf(work), 0);
  const budget = share * whole - other;
  const chosen = withinBudget(choices, budget) ?? choices.map(cheapest);
  known.forEach((work, i) => {
    if (work.left !== undefined) return;
    const candidate = candidates[i]![chosen[i]! - 1];
    if (candidate) work.candidate = candidate;
    else work.left = ['the budget leaves room for it as it is', ...work.decomposition!.failures].join('; ');
  });
  const cost = chosen.reduce((sum, index, i) => sum + choices[i]![index]!.cost, 0);
  if (cost <= budget) return [];
  return [
    `budget: expected at most ${Math.floor(share * whole)} ${of}, received ${cost + other} with the smallest ranks`,
  ];
}

/** Of equals the first. */
function cheapest(choices: readonly Choice[]): number {
  let best = 0;
  choices.forEach(({ cost, lost }, i) => {
    if (Number.isFinite(lost) && cost < choices[best]!.cost) best = i;
  });
  return best;
}
