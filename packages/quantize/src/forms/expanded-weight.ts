import { attribute, Tensor, type Value, type WeightLayout, type WeightView } from '@gossamer/graph';
import type { MatrixCodes, QuantizedMatrix } from '../grid/quantized-matrix.js';
import { type AffineGrid, blocksOf, codesOf, type LevelGrid } from '../grid/weight-grid.js';
import { ConstantGraph } from './constant-graph.js';
import { expandCodes } from './expanded-codes.js';

/**
 * Stores a weight of any operator as codes of just so many bits, and computes with floats: the nodes that make floats of them depend on constants alone, so that ONNX Runtime runs them when it
 * opens the model. Returns the bytes of the new constants.
 */
export function rewriteExpanded(view: WeightView, layout: WeightLayout, matrices: readonly QuantizedMatrix[]): number {
  const { groups, rows, columns, isTransposed } = layout;
  const g = new ConstantGraph(view.source.graph, view.node, view.source.name);
  const whole = joinMatrices(matrices);
  const values =
    whole.grid.kind === 'affine' ? integers(g, whole.codes, whole.grid) : levels(g, whole.codes, whole.grid);
  const matrix = isTransposed
    ? g.node('Transpose', [g.reshape(values, [groups, rows, columns])], { perm: attribute.ints([0, 2, 1]) })
    : values;
  view.node.graph.setInput(view.node, view.inputIndex, g.reshape(matrix, view.shape));
  return g.bytes;
}

/** Matrices of all groups as one below the other. Tables of levels of groups become tables of rows. */
export function joinMatrices(matrices: readonly QuantizedMatrix[]): QuantizedMatrix {
  const [first] = matrices;
  if (matrices.length === 1) return first!;
  const { grid } = first!;
  const rows = matrices.length * grid.rows;
  const codes = concatenated(
    first!.codes,
    matrices.map((matrix) => matrix.codes),
  );
  const floats = (pick: (matrix: QuantizedMatrix) => Float32Array) => concatenated(grid.scales, matrices.map(pick));
  const scales = floats((matrix) => matrix.grid.scales);
  if (grid.kind === 'affine') {
    const zeroPoints = floats((matrix) => (matrix.grid as AffineGrid).zeroPoints);
    return { grid: { ...grid, rows, scales, zeroPoints }, codes };
  }
  const tables = floats((matrix) => rowTables(matrix.grid as LevelGrid));
  return { grid: { ...grid, rows, scales, levels: tables, tables: rows }, codes };
}

/** A table for each row, whatever the grid has. */
function rowTables(grid: LevelGrid): Float32Array {
  if (grid.tables === grid.rows) return grid.levels;
  return concatenated(
    grid.levels,
    Array.from({ length: grid.rows }, () => grid.levels),
  );
}

function concatenated<Data extends Float32Array | MatrixCodes>(like: Data, parts: readonly Data[]): Data {
  const all = new (like.constructor as new (length: number) => Data)(
    parts.reduce((sum, { length }) => sum + length, 0),
  );
  let at = 0;
  for (const part of parts) {
    all.set(part as never, at);
    at += part.length;
  }
  return all;
}

/** (code - zero point) * scale, [rows, columns]. */
function integers(g: ConstantGraph, codes: MatrixCodes, grid: AffineGrid): Value {
  const bits = Math.ceil(Math.log2(codesOf(grid)));
  const blocked = inBlocks(g, expandCodes(g, codes, bits, 'float32'), grid);
  const zeros = grid.zeroPoints.map((zero) => zero - grid.quantMin);
  const offset = g.node('Sub', [blocked, zeroValue(g, zeros, grid)]);
  return g.node('Mul', [offset, perBlock(g, 'scale', Tensor.of('float32', scaleDims(grid), grid.scales), grid)]);
}

/** One number where all are equal, else bytes where they are whole. */
function zeroValue(g: ConstantGraph, zeros: Float32Array, grid: AffineGrid): Value {
  if (zeros.every((zero) => zero === zeros[0]))
    return g.constant('zero_point', Tensor.of('float32', [], zeros.slice(0, 1)));
  const isWhole = zeros.every((zero) => Number.isInteger(zero) && zero >= 0 && zero < 256);
  if (!isWhole) return perBlock(g, 'zero_point', Tensor.of('float32', scaleDims(grid), zeros), grid);
  const bytes = Tensor.of('uint8', scaleDims(grid), Uint8Array.from(zeros));
  return g.cast(perBlock(g, 'zero_point', bytes, grid), 'float32');
}

/** levels[code] * scale, [rows, columns]. */
function levels(g: ConstantGraph, codes: MatrixCodes, grid: LevelGrid): Value {
  const count = codesOf(grid);
  const bits = Math.max(1, Math.ceil(Math.log2(count)));
  let index = expandCodes(g, codes, bits, 'int32');
  if (grid.tables > 1) {
    const first = Int32Array.from({ length: grid.rows }, (_, row) => row * count);
    const starts = g.constant('table', Tensor.of('int32', [grid.rows, 1], first));
    index = g.node('Add', [g.reshape(index, [grid.rows, grid.columns]), starts]);
  }
  const values = g.node('Gather', [
    g.constant('levels', Tensor.of('float32', [grid.levels.length], grid.levels)),
    index,
  ]);
  if (grid.scales.every((scale) => scale === 1)) return values;
  const scale = perBlock(g, 'scale', Tensor.of('float32', scaleDims(grid), grid.scales), grid);
  return g.node('Mul', [inBlocks(g, values, grid), scale]);
}

/** Blocks are an axis of their own where they divide the columns. */
const isEven = ({ columns, blockSize }: AffineGrid | LevelGrid): boolean => columns % blockSize === 0;

export function inBlocks(g: ConstantGraph, values: Value, grid: AffineGrid | LevelGrid): Value {
  const { rows, columns, blockSize } = grid;
  return g.reshape(values, isEven(grid) ? [rows, blocksOf(grid), blockSize] : [rows, columns]);
}

export function scaleDims(grid: AffineGrid | LevelGrid): number[] {
  return isEven(grid) ? [grid.rows, blocksOf(grid), 1] : [grid.rows, blocksOf(grid)];
}

/** A number for each block, broadcast to what `inBlocks` gives; one for all where they are the same. */
export function perBlock(g: ConstantGraph, suffix: string, tensor: Tensor, grid: AffineGrid | LevelGrid): Value {
  const numbers = tensor.toFloat32();
  if (numbers.every((number) => number === numbers[0])) {
    return g.constant(suffix, Tensor.fromNumbers(tensor.dtype, [], [numbers[0]!]));
  }
  const value = g.constant(suffix, tensor);
  if (isEven(grid)) return value;
  const { columns, blockSize } = grid;
  const blocks = Int32Array.from({ length: columns }, (_, column) => Math.floor(column / blockSize));
  return g.node('Gather', [value, g.constant('block', Tensor.of('int32', [columns], blocks))], {
    axis: attribute.int(1),
  });
}
