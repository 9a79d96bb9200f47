import { countMacs, inferTypes, type Model, type TypeTable } from '@gossamer/graph';
import { keepSamples, modelInputs } from '@gossamer/runtime';
import { badOption } from '../bad-option.js';
import { groupsOf } from '../groups/groups-of.js';
import type { FrozenAxis } from '../groups/prune-group.js';
import { chooseUnits } from './choose-units.js';
import { modelSize } from './model-size.js';
import { pruneBlocks } from './prune-blocks.js';
import { resolveStructureOptions, type ResolvedStructure } from './resolve-structure-options.js';
import { selectGroups } from './select-groups.js';
import type { PruneStructureOptions } from './structure-options.js';
import type { BlockReport, GroupReport, StructureReport } from './structure-report.js';

export interface PruneStructureResult {
  readonly model: Model;
  readonly report: StructureReport;
}

interface Pruned {
  readonly model: Model;
  readonly groups: readonly GroupReport[];
  readonly blocks: readonly BlockReport[];
  readonly frozen: readonly FrozenAxis[];
  readonly warnings: readonly string[];
}

/** Samples of a run. */
const BATCH = 8;

/**
 * Takes channels, hidden features, heads, recurrent units or residual blocks out of a model, the least important ones; the result gives what the model
 * gives with them masked (see maskModel), in less time and space. A new model: the given one never changes. Throws ERR_PRUNE_OPTION,
 * ERR_PRUNE_DATA.
 */
export async function pruneStructure(model: Model, options: PruneStructureOptions): Promise<PruneStructureResult> {
  const given = resolveStructureOptions(options);
  given.signal?.throwIfAborted();
  const resolved = given.data ? { ...given, data: await keptData(model, given) } : given;
  const sized = inferTypes(model, { bind: given.bind });
  const unknown = unknownMacs(model, sized, given);
  const pruned = resolved.patterns.has('layer')
    ? await blocksOf(model, resolved)
    : await unitsOf(model, sized, resolved);
  const before = modelSize(model, sized);
  const after = modelSize(pruned.model, inferTypes(pruned.model, { bind: given.bind }));
  const count = (of: 'macs' | 'parameters') => ({ before: before[of], after: after[of] });
  const { sparsity, of, criterion, patterns } = resolved;
  const reached = 1 - count(of).after / count(of).before;
  const missed =
    sparsity !== undefined && reached < sparsity
      ? [`sparsity: expected ${sparsity} of the ${of} to go, what may go is ${reached.toFixed(4)} of them`]
      : [];
  const { groups, blocks, frozen, warnings } = pruned;
  return {
    model: pruned.model,
    report: {
      ...{ criterion: patterns.has('layer') ? 'ablation' : criterion.name, groups, blocks, frozen },
      ...{ macs: count('macs'), parameters: count('parameters'), warnings: [...warnings, ...unknown, ...missed] },
    },
  };
}

/** A share of MACs says nothing of layers whose shapes are not known; where that is all of them it is refused. */
function unknownMacs(model: Model, sized: TypeTable, { of, sparsity }: ResolvedStructure): string[] {
  if (of !== 'macs' || sparsity === undefined) return [];
  const { known, unknown } = countMacs(model, sized);
  if (unknown.length === 0) return [];
  const layers = `${unknown.length} layers whose shapes are not known, ${unknown[0]} among them`;
  if (known === 0) badOption('of', `'parameters', or sizes to bind, for a model of ${layers}`, "'macs'");
  return [`of: 'macs' leaves out ${layers}`];
}

/** The samples that are used, kept: they are gone through more than once. */
async function keptData(model: Model, { data, samples, signal }: ResolvedStructure) {
  const options = { parts: [samples], batchSize: BATCH, ...(signal ? { signal } : {}) };
  const [kept] = await keepSamples(data!, modelInputs(model), options);
  return kept!;
}

async function blocksOf(model: Model, options: ResolvedStructure): Promise<Pruned> {
  return { groups: [], frozen: [], ...(await pruneBlocks(model, options)) };
}

async function unitsOf(model: Model, sized: TypeTable, options: ResolvedStructure): Promise<Pruned> {
  const types = inferTypes(model);
  const found = groupsOf(model, { allowInexact: options.allowInexact }, types);
  const { choices, warnings } = selectGroups(model, found, options);
  const warn = (text: string) => warnings.push(text);
  const { removal, notes } = await chooseUnits(model, types, sized, choices, options, warn);
  const gone = new Set(removal.removed);
  const groups = choices.map(({ group: { id, kind, units }, layers, left }): GroupReport => {
    const kept = units.filter((unit) => !gone.has(unit)).length;
    const reason = left ?? notes.get(id);
    return { id, kind, layers, had: units.length, kept, ...(reason === undefined ? {} : { reason }) };
  });
  for (const { reason } of removal.inexact) warn(`removed although it is not the same as masking: ${reason}`);
  return { model: removal.model, groups, blocks: [], frozen: found.frozen, warnings: [...new Set(warnings)] };
}
