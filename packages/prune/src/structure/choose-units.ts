import { type Model, type TypeTable } from '@gossamer/graph';
import type { GroupContext } from '../group-criteria/group-criterion.js';
import type { PruneGroup, PruneUnit } from '../groups/prune-group.js';
import { removeUnits, type RemovalResult } from '../surgery/remove-units.js';
import { AllocationProblem, type KeptCounts, type ScoredGroup } from './allocation/allocation-problem.js';
import { allocateGlobal } from './allocation/global.js';
import { allocateSensitivity } from './allocation/sensitivity.js';
import { allocateUniform } from './allocation/uniform.js';
import { fixedWidths } from './fixed-widths.js';
import { modelSize } from './model-size.js';
import type { ResolvedStructure } from './resolve-structure-options.js';
import type { GroupChoice } from './select-groups.js';

export interface ChosenUnits {
  readonly removal: RemovalResult;
  /** Why a group that was meant has more than it was to have, by group id. */
  readonly notes: ReadonlyMap<string, string>;
}

/** Times that units which turn out not to be removable are put aside and others chosen. */
const ROUNDS = 4;

/** Scores the units of the groups that are meant, chooses how many of each stay, and removes the rest. `sized`: types at the sizes that multiply-accumulates are counted at. */
export async function chooseUnits(
  model: Model,
  types: TypeTable,
  sized: TypeTable,
  choices: readonly GroupChoice[],
  options: ResolvedStructure,
  warn: (text: string) => void,
): Promise<ChosenUnits> {
  const notes = new Map<string, string>();
  const scored = await scoreGroups(model, types, choices, options, notes, warn);
  const wanted = (options.sparsity ?? 0) * modelSize(model, sized)[options.of];
  const grid = options.sparsity === undefined ? (width: number) => width : options.grid;
  for (let round = 1; ; round++) {
    options.signal?.throwIfAborted();
    const problem = new AllocationProblem(model, sized, scored, options.of, grid, wanted);
    const counts = await allocate(problem, options, warn);
    const removal = removeUnits(model, problem.goners(counts), { allowInexact: options.allowInexact });
    const reasons = new Map(removal.kept.map(({ unit, reason }) => [unit, reason]));
    if (reasons.size === 0 || round === ROUNDS) {
      for (const { reason } of removal.kept) warn(`kept although it was to go: ${reason}`);
      return { removal, notes };
    }
    putAside(scored, reasons, notes);
  }
}

/** Units that cannot go count as important beyond measure from here on. */
function putAside(
  scored: readonly ScoredGroup[],
  reasons: ReadonlyMap<PruneUnit, string>,
  notes: Map<string, string>,
): void {
  for (const { group, scores } of scored) {
    group.units.forEach((unit, i) => {
      const reason = reasons.get(unit);
      if (reason === undefined) return;
      scores[i] = Infinity;
      notes.set(group.id, reason);
    });
  }
}

async function scoreGroups(
  model: Model,
  types: TypeTable,
  choices: readonly GroupChoice[],
  { criterion, data, samples, seed, threads, signal, onProgress }: ResolvedStructure,
  notes: Map<string, string>,
  warn: (text: string) => void,
): Promise<ScoredGroup[]> {
  const meant = choices.filter(({ left }) => left === undefined).map(({ group }) => group);
  const groups = meant.filter((group) => criterion.seesBodies || !isInBody(group, model));
  for (const { id } of meant.filter((group) => !groups.includes(group)))
    notes.set(id, `${criterion.name}: does not see into bodies of control flow; magnitudes and ablation do`);
  const context: GroupContext = { model, types, groups, data, samples, seed, threads, signal, onProgress, warn };
  const all = groups.length > 0 ? await criterion.score(context) : [];
  return groups.flatMap((group, i) => {
    const scores = all[i]!;
    if (typeof scores !== 'string') return [{ group, scores: Float64Array.from(scores) }];
    notes.set(group.id, `${criterion.name}: ${scores}`);
    return [];
  });
}

/** Some of it lies in a branch or the body of a loop. */
const isInBody = ({ units }: PruneGroup, model: Model): boolean =>
  units[0]!.slices.some(({ value }) => value.graph !== model.graph);

function allocate(
  problem: AllocationProblem,
  { sparsity, allocation, criterion, widths, data, threads, signal, onProgress }: ResolvedStructure,
  warn: (text: string) => void,
): KeptCounts | Promise<KeptCounts> {
  if (sparsity === undefined) return fixedWidths(problem.groups, widths, warn);
  if (allocation === 'uniform') return allocateUniform(problem);
  if (allocation === 'global') return allocateGlobal(problem, criterion.isGlobal);
  return allocateSensitivity(problem, data!, { threads, signal, onProgress });
}
