import type { PrunedStructure, PruneReport } from '@gossamer/compress';
import { formatCount, formatTable, plain } from '../console-text.js';
import { describeFile, groupedLayers } from './describe-file.js';
import type { PruneJson } from './prune-json.js';

/** What became of a model that was pruned. */
export function describePruned(report: PruneJson, verbose: boolean): string {
  return [...describeFile(report), ...trained(report), ...body(report, verbose)].join('\n');
}

/** What would become of it. */
export function describePreview(report: PruneReport): string {
  return ['nothing was written; it would be:', ...body(report, true)].join('\n');
}

function body(report: PruneReport, verbose: boolean): string[] {
  const { layers, elements, sparsity, macs, pattern, criterion, structure } = report;
  const pruned = layers.filter(({ action }) => action === 'pruned');
  const left = layers.filter(({ action }) => action === 'left');
  const isUpdated = pruned.some(({ rise }) => rise !== undefined);
  const rows = pruned.map(({ name, op, elements: own, zeros, macs: work, rise }) => [
    ...[name, op, change(own.before, own.after)],
    own.after > 0 ? percent(zeros.after / own.after) : '',
    work ? change(work.before, work.after) : '',
    ...(isUpdated ? [rise === undefined ? '' : rise.toPrecision(2)] : []),
  ]);
  const head = ['layer', 'op', 'weights', 'of them 0', 'MACs', ...(isUpdated ? ['error rises'] : [])];
  return [
    `weights: ${change(elements.before, elements.after)}, of them 0: ${percent(sparsity.before)} -> ${percent(sparsity.after)} (${pattern} by ${criterion}); MACs, zeros counted: ${change(macs.before, macs.after)}`,
    ...(structure ? groupTable(structure) : []),
    ...(rows.length > 0 ? ['', formatTable(head, rows)] : []),
    ...(left.length > 0 ? ['', groupedLayers(left, verbose)] : []),
    ...report.warnings.map((warning) => `warning: ${plain(warning)}`),
    ...report.hints.map((hint) => `hint: ${hint}`),
  ];
}

/** What went of each group, and which blocks. */
function groupTable({ groups, blocks }: PrunedStructure): string[] {
  const rows = [
    ...groups.map(({ id, kind, had, kept, reason }) => [id, kind, `${kept} of ${had} stay`, reason ?? '']),
    ...blocks.map(({ id, isRemoved, change: by }) => [
      ...[id, 'layer', isRemoved ? 'gone' : 'stays'],
      by === undefined ? '' : `outputs change by ${by.toPrecision(2)}`,
    ]),
  ];
  return rows.length > 0 ? ['', formatTable(['group', 'kind', 'units', 'reason'], rows)] : [];
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

const change = (before: number, after: number): string =>
  before === after ? formatCount(before) : `${formatCount(before)} -> ${formatCount(after)}`;

/** What a recovery came to. */
function trained({ recovery }: PruneJson): string[] {
  if (!recovery) return [];
  const { rounds, steps, history, engine } = recovery;
  const shares = rounds.length > 0 ? `, zeros of the weights meant ${rounds.map(percent).join(', ')}` : '';
  const last = history.at(-1);
  const held = last?.validation === undefined ? '' : `, held out ${last.validation.toPrecision(4)}`;
  const loss = last ? `; loss ${last.loss.toPrecision(4)}${held} in the end` : '';
  return [`trained on: ${steps} updates${engine === undefined ? '' : ` on ${engine}`}${shares}${loss}`];
}
