import { type Graph, inferTypes, type Model } from '@gossamer/graph';
import { type ShallowerStudent, studentError } from '../student-spec.js';
import { type Block, repeatedLayers, residualBlocks } from './residual-blocks.js';

/** Blocks that follow each other and are taken out together: attention and feed-forward of one layer. */
type Unit = readonly Block[];

/** Takes blocks out of `model`, in place; returns warnings. */
export function shorten(model: Model, { keep }: ShallowerStudent): string[] {
  const { graph } = model;
  const types = inferTypes(model);
  const nodes = [...graph.nodes()];
  const residual = rowsOf(residualBlocks(nodes, types));
  const rows = residual.length > 0 ? residual : rowsOf(repeatedLayers(nodes, types));
  const dropped = keep === 'every-other' ? everyOther(rows) : allBut(rows.flat(), keep);
  if (dropped.length === 0) {
    throw studentError('shallower: expected residual blocks, or layers that repeat, received none that could go');
  }
  // From the end: a block begins where the one before it, which may go too, ends.
  for (const unit of dropped.toReversed()) {
    const [entry, exit] = [unit[0]!.entry, unit.at(-1)!.exit];
    if (exit.isOutput) throw studentError(`shallower: expected blocks inside the graph, received output ${exit.name}`);
    graph.replaceUses(exit, entry);
  }
  removeUnread(graph);
  return [];
}

/** Rows of blocks that follow each other, cut into units of the shortest period of their kinds. */
function rowsOf(blocks: readonly Block[]): Unit[][] {
  const rows: Block[][] = [];
  for (const block of blocks) {
    const row = rows.find((known) => known.at(-1)!.exit === block.entry);
    if (row) row.push(block);
    else rows.push([block]);
  }
  return rows.map((row) => {
    const isPeriod = (length: number) =>
      row.length % length === 0 && row.every(({ signature }, i) => signature === row[i % length]!.signature);
    const length = row.findIndex((_, i) => isPeriod(i + 1)) + 1;
    return Array.from({ length: row.length / length }, (_, i) => row.slice(i * length, (i + 1) * length));
  });
}

const everyOther = (rows: readonly (readonly Unit[])[]): Unit[] =>
  rows.flatMap((row) => row.filter((_, i) => i % 2 === 1));

/** All but `keep` units, which lie evenly among all. */
function allBut(units: readonly Unit[], keep: number): Unit[] {
  if (!Number.isInteger(keep) || keep < 0 || keep >= units.length) {
    throw studentError(`keep: expected 'every-other' or an integer from 0 to ${units.length - 1}, received ${keep}`);
  }
  const kept = new Set(Array.from({ length: keep }, (_, i) => Math.floor((i * units.length) / keep)));
  return units.filter((_, i) => !kept.has(i));
}

/** Removes nodes and constants that nothing reads any more. */
function removeUnread(graph: Graph): void {
  for (const node of [...graph.nodes()].toReversed()) {
    if (node.outputs.every((value) => !value || (value.uses.length === 0 && !value.isOutput))) graph.remove(node);
  }
  for (const value of [...graph.initializers()]) {
    if (value.uses.length === 0 && !value.isInput && !value.isOutput) graph.removeValue(value);
  }
}
