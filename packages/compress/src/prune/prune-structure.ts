import { type Model } from '@gossamer/graph';
import { pruneStructure as pruneGraph, type PruneStructureOptions, type StructureReport } from '@gossamer/prune';
import { badOption } from './bad-option.js';
import type { PrunedGraph } from './pruned-graph.js';
import { type Recovery, recording } from './recovery.js';

/** Channels, hidden features, heads, recurrent units or blocks taken out, and what is left trained on where there is a recovery. */
export async function pruneStructure(
  model: Model,
  options: PruneStructureOptions,
  recovery: Recovery | undefined,
): Promise<PrunedGraph> {
  const { pattern = 'channel' } = options;
  const name = typeof pattern === 'string' ? pattern : pattern.join(', ');
  if (recovery && recovery.rounds > 1) badOption('rounds', `none with pattern ${name}`, recovery.rounds);
  if (recovery?.sparsifier !== undefined) badOption('sparsifier', `none with pattern ${name}`, recovery.sparsifier);
  const { model: pruned, report } = await pruneGraph(model, options);
  const { criterion, groups, blocks, frozen, warnings } = report;
  const structure = { groups, blocks, frozen };
  const done = { model: pruned, pattern: name, criterion, explain: explainer(structure, name), structure, warnings };
  if (!recovery) return done;
  const { learn, report: learned } = recording(recovery);
  const recovered = await learn(pruned, {});
  return { ...done, model: recovered.model, warnings: [...warnings, ...recovered.warnings], recovery: learned([]) };
}

function explainer(
  { groups, frozen }: Pick<StructureReport, 'groups' | 'frozen'>,
  pattern: string,
): PrunedGraph['explain'] {
  return ({ name, elements }) => {
    const own = groups.filter(({ layers }) => layers.includes(name));
    const shrunk = own.filter(({ had, kept }) => kept < had);
    if (elements.before > 0 && elements.after === 0) return { action: 'pruned', reason: 'went with its block' };
    if (elements.after < elements.before) {
      const widths = shrunk.map(({ kind, had, kept }) => `${kind}: ${kept} of ${had} stay`);
      return { action: 'pruned', reason: widths.join(', ') || 'reads fewer features' };
    }
    const why = own.find(({ reason }) => reason !== undefined)?.reason;
    const stuck = frozen.find(({ layer }) => layer === name)?.reason;
    return { action: 'left', reason: why ?? stuck ?? `nothing of pattern ${pattern} in it had to go` };
  };
}
