import { attribute, Tensor, type WeightLayout, type WeightView } from '@gossamer/graph';
import type { QuantizedMatrix } from '../grid/quantized-matrix.js';
import type { LevelGrid } from '../grid/weight-grid.js';
import { FLOAT8_LEVELS, type Float8Dtype, float8Bits } from '../schemes/float8.js';
import { ConstantGraph } from './constant-graph.js';
import { inBlocks, joinMatrices, perBlock, scaleDims } from './expanded-weight.js';

/**
 * Stores a weight as a FLOAT8 tensor behind Cast and Mul (opset 19), which ONNX Runtime runs once, when it opens the model; a
 * DequantizeLinear there would stay in the graph and run on every call. Returns the bytes of the new constants.
 */
export function rewriteFloat8(
  view: WeightView,
  { groups, rows, columns, isTransposed }: WeightLayout,
  matrices: readonly QuantizedMatrix[],
  dtype: Float8Dtype,
): number {
  const g = new ConstantGraph(view.source.graph, view.node, view.source.name);
  const { grid, codes } = joinMatrices(matrices) as QuantizedMatrix & { grid: LevelGrid };
  const bits = Uint8Array.from(FLOAT8_LEVELS[dtype], (level) => float8Bits(level, dtype));
  const stored = g.constant(
    'codes',
    Tensor.of(
      dtype,
      [codes.length],
      Uint8Array.from(codes, (code) => bits[code]!),
    ),
  );
  const floats = inBlocks(g, g.cast(stored, 'float32'), grid);
  const values = g.node('Mul', [
    floats,
    perBlock(g, 'scale', Tensor.of('float32', scaleDims(grid), grid.scales), grid),
  ]);
  const matrix = isTransposed
    ? g.node('Transpose', [g.reshape(values, [groups, rows, columns])], { perm: attribute.ints([0, 2, 1]) })
    : values;
  view.node.graph.setInput(view.node, view.inputIndex, g.reshape(matrix, view.shape));
  return g.bytes;
}
