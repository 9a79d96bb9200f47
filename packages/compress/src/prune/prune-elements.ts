import { join } from 'node:path';
import { type Model } from '@gossamer/graph';
import { pruneIteratively, pruneWeights, type PruneWeightsOptions, recover } from '@gossamer/prune';
import { badOption } from './bad-option.js';
import type { PrunedGraph } from './pruned-graph.js';
import { type Recovery, recording } from './recovery.js';
import { SPARSIFIERS } from './sparsifiers.js';

/** Elements of weights set to 0, at once or in rounds, and what stays trained on where there is a recovery. */
export async function pruneElements(
  model: Model,
  options: PruneWeightsOptions,
  recovery: Recovery | undefined,
): Promise<PrunedGraph> {
  const { pattern = 'unstructured', update = 'none' } = options;
  const criterion = options.criterion ?? (update === 'none' ? 'magnitude' : update);
  if (recovery?.sparsifier !== undefined) return inTraining(model, options, recovery);
  if (recovery && recovery.rounds > 1) return { pattern, criterion, ...(await inRounds(model, options, recovery)) };
  const { model: pruned, report } = await pruneWeights(model, options);
  const explain = explainer(report, `${pattern} by ${criterion}`);
  const done = { model: pruned, pattern, criterion, explain, warnings: report.warnings };
  if (!recovery) return done;
  const { learn, report: learned } = recording(recovery);
  const recovered = await recover(pruned, learn);
  const warnings = [...done.warnings, ...recovered.warnings];
  return { ...done, model: recovered.model, warnings, recovery: learned([report.sparsity]) };
}

async function inRounds(model: Model, options: PruneWeightsOptions, recovery: Recovery) {
  const { sparsity, signal, onProgress, ...prune } = options;
  const { pattern = 'unstructured', criterion = 'magnitude', threshold } = prune;
  if (threshold !== undefined) badOption('rounds', 'none with a threshold, which says what goes', recovery.rounds);
  if (/^\d+:\d+$/.test(pattern)) {
    badOption('rounds', `none with pattern ${pattern}, which says what goes`, recovery.rounds);
  }
  if (sparsity === undefined) badOption('sparsity', 'a share of the weights', 'none');
  // What is left is left in every round; the first one is looked at without data.
  const { include = [], exclude = [] } = prune;
  const { report } = await pruneWeights(model, { sparsity, include, exclude });
  const { learn, report: learned } = recording(recovery);
  const { model: last, rounds } = await pruneIteratively(model, {
    ...{ sparsity, rounds: recovery.rounds, prune, learn },
    ...(recovery.run === undefined ? {} : { folder: join(recovery.run, `rounds-${recovery.digest}`) }),
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
  });
  return {
    model: last,
    explain: explainer({ left: report.left, weights: [] }, `${pattern} by ${criterion}, ${rounds.length} rounds`),
    warnings: report.warnings,
    recovery: learned(rounds.map((round) => round.sparsity)),
  };
}

async function inTraining(model: Model, options: PruneWeightsOptions, recovery: Recovery): Promise<PrunedGraph> {
  const name = recovery.sparsifier!;
  const { sparsity, include = [], exclude = [] } = options;
  for (const key of ['pattern', 'criterion', 'update', 'threshold', 'allocation'] as const) {
    if (options[key] !== undefined) badOption(key, `none with sparsifier ${name}`, JSON.stringify(options[key]));
  }
  if (sparsity === undefined) badOption('sparsity', 'a share of the weights', 'none');
  // Which weights are meant, and which are left and why.
  const { report, masks } = await pruneWeights(model, { sparsity, include, exclude });
  const { learn, report: learned } = recording(recovery);
  const names = [...masks.keys()];
  const sparsify = { names, make: (parameters: readonly string[]) => SPARSIFIERS[name]({ parameters, sparsity }) };
  const result = await learn(model, { sparsify });
  const reached = zeroShare(result.masks);
  return {
    ...{ model: result.model, pattern: 'unstructured', criterion: name },
    explain: explainer({ left: report.left, weights: [] }, `unstructured by ${name}, in the training`),
    warnings: [...report.warnings, ...result.warnings],
    recovery: learned([reached]),
  };
}

/** Share of 0 in the masks of a training. */
function zeroShare(masks: ReadonlyMap<string, Uint8Array>): number {
  let [zeros, total] = [0, 0];
  for (const mask of masks.values()) {
    total += mask.length;
    for (const kept of mask) if (kept === 0) zeros++;
  }
  return total > 0 ? zeros / total : 0;
}

type Report = Awaited<ReturnType<typeof pruneWeights>>['report'];

function explainer({ left, weights }: Pick<Report, 'left' | 'weights'>, how: string): PrunedGraph['explain'] {
  const reasons = new Map(left.map(({ name, reason }) => [name, reason]));
  // Of the first layer that reads a weight, as its elements are.
  const rises = new Map(weights.map(({ layers, rise }) => [layers[0], rise]));
  return ({ name }) => {
    const reason = reasons.get(name);
    if (reason !== undefined) return { action: 'left', reason };
    const rise = rises.get(name);
    return { action: 'pruned', reason: how, ...(rise === undefined ? {} : { rise }) };
  };
}
