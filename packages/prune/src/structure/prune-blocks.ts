import { inferTypes, layerFilter, type Model } from '@gossamer/graph';
import { ModelTrials } from '@gossamer/runtime';
import { removeBlocks } from '../surgery/remove-blocks.js';
import { type ResidualBlock, residualBlocks } from '../surgery/residual-blocks.js';
import { changeOf } from '../allocation/change-of.js';
import { modelSize } from './model-size.js';
import type { ResolvedStructure } from './resolve-structure-options.js';
import type { BlockReport } from './structure-report.js';

export interface PrunedBlocks {
  readonly model: Model;
  readonly blocks: readonly BlockReport[];
  readonly warnings: readonly string[];
}

/**
 * Bypasses residual blocks, one after the other, each time that whose absence changes the outputs least for what it saves, until enough is
 * saved. What is left is measured anew after each: blocks of a deep net stand in for each other. Runs the data once a block and round.
 */
export async function pruneBlocks(
  model: Model,
  { include, exclude, sparsity, of, bind, data, threads, signal, onProgress }: ResolvedStructure,
): Promise<PrunedBlocks> {
  const { filter, warnings } = layerFilter(model, { include, exclude });
  const reports = new Map<string, BlockReport>();
  for (const { id } of residualBlocks(model)) reports.set(id, { id, isRemoved: false });
  const size = (each: Model) => modelSize(each, inferTypes(each, { bind }))[of];
  const most = (1 - sparsity!) * size(model);
  const trials = await ModelTrials.open(model, data!, {
    ...(threads === undefined ? {} : { threads }),
    ...(signal ? { signal } : {}),
  });
  let current = model;
  const isMeant = ({ nodes, add }: ResidualBlock) =>
    [add, ...nodes].every(
      (node) => exclude.length === 0 || filter(node) === undefined || filter(node) === 'not in include',
    ) &&
    (include.length === 0 || [add, ...nodes].some((node) => filter(node) === undefined));
  const total = reports.size;
  for (let round = 0; size(current) > most; round++) {
    const candidates = residualBlocks(current).filter(isMeant);
    let best: { id: string; price: number; change: number; model: Model } | undefined;
    for (const block of candidates) {
      const changed = removeBlocks(current, [block]);
      const saved = size(current) - size(changed);
      if (saved <= 0) continue;
      const change = changeOf(await trials.measure(changed));
      if (!best || change / saved < best.price) best = { id: block.id, price: change / saved, change, model: changed };
    }
    if (!best) break;
    current = best.model;
    reports.set(best.id, { id: best.id, isRemoved: true, change: best.change });
    onProgress({ stage: 'blocks', done: round + 1, total });
  }
  return { model: current, blocks: [...reports.values()], warnings };
}
