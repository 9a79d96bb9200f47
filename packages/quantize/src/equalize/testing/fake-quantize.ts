import {
  attribute,
  type AttributeValue,
  fromWeightMatrix,
  type Model,
  type Value,
  Tensor,
  toWeightMatrix,
  weightsOf,
} from '@gossamer/graph';
import { roundToGrid, dequantizeMatrix } from '../../grid/quantized-matrix.js';

/** Bits of the products' inputs, with a scale for the tensor or for each row, measured as they come; and of weights, a scale a row. */
export interface FakeQuantization {
  readonly activationBits: number;
  readonly per: 'tensor' | 'row';
  readonly weightBits: number;
}

/** A copy whose MatMul layers compute with rounded inputs and weights, both symmetric, in float. */
export function fakeQuantize(model: Model, { activationBits, per, weightBits }: FakeQuantization): Model {
  const copy = model.clone();
  const { graph } = copy;
  const top = graph.addInitializer('fake_top', Tensor.scalar('float32', 2 ** (activationBits - 1) - 1));
  const rounded = new Map<Value, Value>();
  for (const node of [...graph.nodes()]) {
    const [view] = node.op === 'MatMul' ? weightsOf(node) : [];
    if (!view) continue;
    const input = node.input(0)!;
    if (!rounded.has(input)) {
      const add = (op: string, inputs: Value[], attributes: Record<string, AttributeValue> = {}) =>
        graph.add({ op, inputs, outputs: [`${input.name}_${op}`], attributes }, { before: node }).output;
      const axes = per === 'row' ? { axes: attribute.ints([-1]) } : {};
      const largest = add('ReduceMax', [add('Abs', [input])], axes);
      const scale = add('Div', [largest, top]);
      rounded.set(input, add('Mul', [add('Round', [add('Div', [input, scale])]), scale]));
    }
    graph.setInput(node, 0, rounded.get(input)!);
    view.write(fromWeightMatrix(view, roundRows(toWeightMatrix(view), weightBits)));
  }
  return copy;
}

function roundRows({ rows, columns, data }: ReturnType<typeof toWeightMatrix>, bits: number): Float32Array {
  const quantMax = 2 ** (bits - 1) - 1;
  const scales = Float32Array.from({ length: rows }, (_, row) => {
    const largest = Math.max(...data.subarray(row * columns, (row + 1) * columns).map(Math.abs));
    return largest > 0 ? largest / quantMax : 1;
  });
  const zeroPoints = new Float32Array(rows);
  const layout = { rows, columns, blockSize: columns, scales, zeroPoints };
  return dequantizeMatrix(roundToGrid(data, { kind: 'affine', quantMin: -quantMax, quantMax, ...layout }));
}
