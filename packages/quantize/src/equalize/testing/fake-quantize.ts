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

// Locals: a global's property is looked up at every call in an isolated context.
const { abs, max, round } = Math;

function roundRows({ columns, data }: ReturnType<typeof toWeightMatrix>, bits: number): Float32Array {
  const quantMax = 2 ** (bits - 1) - 1;
  const rounded = new Float32Array(data.length);
  for (let first = 0; first < data.length; first += columns) {
    let largest = 0;
    for (let i = first; i < first + columns; i++) largest = max(largest, abs(data[i]!));
    const scale = largest > 0 ? largest / quantMax : 1;
    for (let i = first; i < first + columns; i++) rounded[i] = round(data[i]! / scale) * scale;
  }
  return rounded;
}
