import { badOption } from '../bad-option.js';
import type { GroupCriterion } from '../group-criteria/group-criterion.js';
import { findGroupCriterion } from '../group-criteria/registry.js';
import { WIDTH_GRIDS } from '../widths/registry.js';
import type { WidthGrid } from '../widths/width-grid.js';
import {
  type PruneStructureOptions,
  STRUCTURE_ALLOCATIONS,
  STRUCTURE_PATTERNS,
  type StructureAllocation,
  type StructurePattern,
} from './structure-options.js';

export interface ResolvedStructure extends Pick<PruneStructureOptions, 'data' | 'threads' | 'signal'> {
  readonly patterns: ReadonlySet<StructurePattern>;
  readonly criterion: GroupCriterion;
  /** Share of `of` that goes; undefined: `widths` say it. */
  readonly sparsity: number | undefined;
  readonly of: 'macs' | 'parameters';
  readonly bind: Readonly<Record<string, number>>;
  readonly widths: Readonly<Record<string, number>>;
  readonly allocation: StructureAllocation;
  readonly grid: WidthGrid;
  readonly samples: number;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly allowInexact: boolean;
  readonly seed: number;
  readonly onProgress: NonNullable<PruneStructureOptions['onProgress']>;
}

/** Fills in defaults; throws ERR_PRUNE_OPTION or ERR_PRUNE_DATA. */
export function resolveStructureOptions(options: PruneStructureOptions): ResolvedStructure {
  const { data, sparsity, of = 'macs', bind = {}, widths, allocation = 'uniform', grid = 'float' } = options;
  const { samples = 128, include = [], exclude = [], allowInexact = false, seed = 0 } = options;
  const { threads, signal, onProgress = () => undefined } = options;
  const patterns = patternsOf(options.pattern ?? 'channel');
  const criterion = findGroupCriterion(options.criterion ?? 'magnitude-l2');
  if ((sparsity === undefined) === (widths === undefined)) {
    badOption('sparsity', 'either it or widths', sparsity === undefined ? 'neither' : 'both');
  }
  if (sparsity !== undefined && !(sparsity > 0 && sparsity < 1)) badOption('sparsity', 'a number in (0, 1)', sparsity);
  for (const [name, width] of Object.entries(widths ?? {})) requireInteger(`widths.${name}`, width, 1);
  if (!['macs', 'parameters'].includes(of)) badOption('of', "'macs' or 'parameters'", of);
  if (!STRUCTURE_ALLOCATIONS.includes(allocation))
    badOption('allocation', STRUCTURE_ALLOCATIONS.join(', '), allocation);
  if (typeof grid !== 'function' && !Object.hasOwn(WIDTH_GRIDS, grid))
    badOption('grid', `${Object.keys(WIDTH_GRIDS).join(', ')} or a function`, grid);
  requireInteger('samples', samples, 1);
  requireInteger('seed', seed, 0);
  const isLayers = patterns.has('layer');
  if (isLayers && patterns.size > 1) badOption('pattern', "'layer' by itself", [...patterns].join(', '));
  if (isLayers && widths !== undefined) badOption('widths', "none with pattern 'layer'", 'some');
  const user = Object.entries({
    [`criterion ${criterion.name}`]: criterion.needs !== 'nothing' && !isLayers,
    "allocation 'sensitivity'": allocation === 'sensitivity',
    "pattern 'layer'": isLayers,
  }).find(([, isNeeded]) => isNeeded)?.[0];
  if (user !== undefined && !data) badOption('data', `samples, for ${user}`, 'none', 'ERR_PRUNE_DATA');
  if (user !== undefined && data!.latencyOnly) {
    badOption('data', `samples that mean something, for ${user}`, data!.description, 'ERR_PRUNE_DATA');
  }
  if (criterion.needs === 'labels' && !isLayers && !data!.hasLabels) {
    badOption('data', `labels, for criterion ${criterion.name}`, data!.description, 'ERR_PRUNE_DATA');
  }
  return {
    ...{ patterns, criterion, sparsity, of, bind, widths: widths ?? {}, allocation, samples, include, exclude },
    ...{ allowInexact, seed, onProgress, grid: typeof grid === 'function' ? grid : WIDTH_GRIDS[grid] },
    ...(data ? { data } : {}),
    ...(threads === undefined ? {} : { threads }),
    ...(signal ? { signal } : {}),
  };
}

function patternsOf(given: StructurePattern | readonly StructurePattern[]): ReadonlySet<StructurePattern> {
  const list = typeof given === 'string' ? [given] : given;
  const unknown = list.find((pattern) => !STRUCTURE_PATTERNS.includes(pattern));
  if (unknown !== undefined || list.length === 0)
    badOption('pattern', STRUCTURE_PATTERNS.join(', '), unknown ?? 'none');
  return new Set(list);
}

function requireInteger(name: string, value: number, least: number): void {
  if (!(Number.isSafeInteger(value) && value >= least)) badOption(name, `an integer >= ${least}`, value);
}
