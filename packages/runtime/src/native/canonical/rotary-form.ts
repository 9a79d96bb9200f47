import {
  attribute,
  type AttributeValue,
  type DType,
  type Node,
  Tensor,
  type TensorType,
  type Value,
} from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import { addBefore, replaceNode } from '../edit/node-edits.js';

type Shape = TensorType['shape'];

/** Writes operators of the standard before a node. */
class Writer {
  constructor(
    private readonly node: Node,
    private readonly compilation: Compilation,
  ) {}

  add(
    op: string,
    inputs: readonly (Value | undefined)[],
    shape: Shape,
    attributes: Readonly<Record<string, AttributeValue>> = {},
    dtype: DType | undefined = 'float32',
  ): Value {
    const result = { name: `${this.node.output.name}_${op}`, dtype, shape };
    return addBefore(this.compilation, this.node, { op, domain: '', inputs, attributes }, result);
  }

  numbers(...values: readonly number[]): Value {
    return this.compilation.graph.addInitializer('numbers', Tensor.fromNumbers('int64', [values.length], values));
  }

  number(value: number): Value {
    return this.compilation.graph.addInitializer('number', Tensor.fromNumbers('int64', [], [value]));
  }

  /** Positions [from, to) of the last axis, every `step`th. */
  slice(x: Value, shape: NonNullable<Shape>, from: number, to: number, step = 1): Value {
    const dims = [...shape.slice(0, -1), Math.ceil((to - from) / step)];
    const inputs = [x, this.numbers(from), this.numbers(to), this.numbers(-1), this.numbers(step)];
    return this.add('Slice', inputs, dims);
  }
}

/** Heads apart, [batch, heads, tokens, size] (`tokens` 2) or [batch, tokens, heads, size] (1). */
interface Split {
  readonly x: Value;
  readonly shape: NonNullable<Shape>;
  readonly tokens: 1 | 2;
}

/**
 * RotaryEmbedding of the standard and of com.microsoft, in products of halves of each head with rows of the tables. Where sizes of heads
 * are not known it stays, and is one that the engine lacks.
 */
export function rotaryEmbedding(node: Node, compilation: Compilation): void {
  const isMicrosoft = node.domain === 'com.microsoft';
  const [cos, sin] = (isMicrosoft ? [2, 3] : [1, 2]).map((slot) => node.input(slot));
  const ids = node.input(isMicrosoft ? 1 : 3);
  const half = compilation.shapeOf(cos)?.at(-1);
  const shape = compilation.shapeOf(node.input(0));
  const floats = [node.input(0), cos, sin].every((value) => compilation.dtypeOf(value) === 'float32');
  if (!cos || !sin || !shape || typeof half !== 'number' || half === 0 || !floats) return;
  if (node.int('is_packed_batching', 0) !== 0 || (ids && compilation.rankOf(ids) === undefined)) return;
  const rotated = node.int('rotary_embedding_dim', 0);
  if (rotated !== 0 && rotated !== 2 * half) return;
  const write = new Writer(node, compilation);
  const split = splitHeads(node, shape, isMicrosoft ? 2 * half : undefined, write);
  const size = split?.shape[3];
  if (!split || typeof size !== 'number' || size < 2 * half || (rotated === 0 && !isMicrosoft && size !== 2 * half))
    return;
  const [c, s] = [cos, sin].map((table) => rowsOf(table, ids, split, compilation, write)) as [Value, Value];
  const y = rotate(split, half, c, s, node.int('interleaved', 0) === 1, write);
  const target = shape.length === 4 ? undefined : write.numbers(0, 0, -1);
  replaceNode(
    compilation,
    node,
    target
      ? { op: 'Reshape', domain: '', inputs: [y, target], attributes: { allowzero: attribute.int(0) } }
      : { op: 'Identity', domain: '', inputs: [y] },
  );
}

function splitHeads(
  node: Node,
  shape: NonNullable<Shape>,
  whole: number | undefined,
  write: Writer,
): Split | undefined {
  const x = node.input(0)!;
  if (shape.length === 4) return { x, shape, tokens: 2 };
  const [batch, tokens, width] = shape;
  if (shape.length !== 3 || typeof width !== 'number') return undefined;
  const heads = node.int('num_heads', 0) || (whole === undefined ? 0 : width / whole);
  if (!Number.isInteger(heads) || heads <= 0 || width % heads !== 0) return undefined;
  const apart = [batch, tokens, heads, width / heads];
  const inputs = [x, write.numbers(0, 0, heads, width / heads)];
  return { x: write.add('Reshape', inputs, apart, { allowzero: attribute.int(0) }), shape: apart, tokens: 1 };
}

/** The row of a table for each token, which all heads share. */
function rowsOf(table: Value, ids: Value | undefined, split: Split, compilation: Compilation, write: Writer): Value {
  const [batch, ...rest] = split.shape;
  const tokens = rest[split.tokens - 1];
  const half = compilation.shapeOf(table)!.at(-1);
  const alike = (rows: Value) => {
    const shape = split.tokens === 2 ? [batch, 1, tokens, half] : [batch, tokens, 1, half];
    return write.add('Unsqueeze', [rows, write.numbers(3 - split.tokens)], shape);
  };
  if (!ids) return alike(table);
  if (compilation.rankOf(ids) === 2) return alike(write.add('Gather', [table, ids], [batch, tokens, half]));
  // One first position for all items.
  const span = { start: attribute.int(split.tokens), end: attribute.int(split.tokens + 1) };
  const count = write.add('Shape', [split.x], [1], span, 'int64');
  const length = write.add('Squeeze', [count, write.numbers(0)], [], {}, 'int64');
  const places = write.add('Range', [write.number(0), length, write.number(1)], [tokens], {}, 'int64');
  const rows = write.add('Gather', [table, write.add('Add', [places, ids], [tokens], {}, 'int64')], [tokens, half]);
  return split.tokens === 2 ? rows : write.add('Unsqueeze', [rows, write.numbers(1)], [tokens, 1, half]);
}

function rotate(split: Split, half: number, cos: Value, sin: Value, isInterleaved: boolean, write: Writer): Value {
  const { x, shape } = split;
  const size = shape[3] as number;
  const part = [...shape.slice(0, 3), half];
  const [a, b] = isInterleaved
    ? [write.slice(x, shape, 0, 2 * half, 2), write.slice(x, shape, 1, 2 * half, 2)]
    : [write.slice(x, shape, 0, half), write.slice(x, shape, half, 2 * half)];
  const times = (value: Value, table: Value) => write.add('Mul', [value, table], part);
  const pair = [
    write.add('Sub', [times(a, cos), times(b, sin)], part),
    write.add('Add', [times(a, sin), times(b, cos)], part),
  ];
  const last = { axis: attribute.int(-1) };
  let rotated = pair;
  if (isInterleaved) {
    const columns = pair.map((value) => write.add('Unsqueeze', [value, write.numbers(4)], [...part, 1]));
    const pairs = write.add('Concat', columns, [...part, 2], last);
    const merged = [...shape.slice(0, 3), 2 * half];
    rotated = [
      write.add('Reshape', [pairs, write.numbers(0, 0, 0, 2 * half)], merged, { allowzero: attribute.int(0) }),
    ];
  }
  const rest = size > 2 * half ? [write.slice(x, shape, 2 * half, size)] : [];
  const all = [...rotated, ...rest];
  return all.length === 1 ? all[0]! : write.add('Concat', all, shape, last);
}
