import { GossamerError, type Node, type Value } from '@gossamer/graph';
import type { Emitter } from '../emit/emitter.js';
import type { TrainErrorCode } from '../error-codes.js';
import { byHeads, joinHeads } from './heads.js';
import { defineLowering } from './lowering.js';

/** What is rotated, by which angles. */
interface Rotation {
  /** [batch or 1, tokens, half]. */
  readonly cos: Value;
  readonly sin: Value;
  /** The first features of a head are rotated. */
  readonly rotated: number;
}

/**
 * Rotates pairs of features of x [batch, heads, tokens, size]: neighbours where `interleaved`, else feature i and i + half.
 * Source: Su et al. 2021, RoFormer (arXiv:2104.09864), equation 34.
 */
function rotate(g: Emitter, node: Node, x: Value, { cos, sin, rotated }: Rotation): Value {
  const [batch, heads, tokens, size] = g.shape(x) as [number, number, number, number];
  const half = rotated / 2;
  const isNeighbours = node.int('interleaved', 0) === 1;
  const paired = isNeighbours ? [half, 2] : [2, half];
  const axis = isNeighbours ? 4 : 3;
  const pairs = g.reshape(g.slice(x, [3], [0], [rotated]), [batch, heads, tokens, ...paired]);
  const part = (i: number) => g.reshape(g.slice(pairs, [axis], [i], [i + 1]), [batch, heads, tokens, half]);
  const [a, b] = [part(0), part(1)];
  const angles = (table: Value) => g.op('Unsqueeze', [table, g.int64([1])]);
  const [c, s] = [angles(cos), angles(sin)];
  const turned = [g.sub(g.mul(c, a), g.mul(s, b)), g.add(g.mul(s, a), g.mul(c, b))];
  const wide = turned.map((value) => g.op('Unsqueeze', [value, g.int64([axis])]));
  const joined = g.reshape(g.concat(wide, axis), [batch, heads, tokens, rotated]);
  return rotated === size ? joined : g.concat([joined, g.slice(x, [3], [rotated], [size])], 3);
}

function rotateInput(g: Emitter, node: Node, x: Value, heads: number, rotation: Rotation): Value {
  const result = rotate(g, node, byHeads(g, x, heads), rotation);
  return g.rank(x) === 4 ? result : joinHeads(g, result);
}

const lengthOf = (g: Emitter, x: Value): number => g.shape(x).at(-2)!;

/** Tables [positions, half] read by ids [batch, tokens], or without ids [batch, tokens, half]. */
export const rotaryEmbeddingLowering = defineLowering({
  op: 'RotaryEmbedding',
  lower(g, node, inputs) {
    const [x, cosTable, sinTable, ids] = inputs as [Value, Value, Value, Value | undefined];
    const read = (table: Value) => (ids ? g.op('Gather', [table, ids], { axis: 0 }) : table);
    const [cos, sin] = [read(cosTable), read(sinTable)];
    const rotated = node.int('rotary_embedding_dim', 0) || 2 * g.shape(cos).at(-1)!;
    return [rotateInput(g, node, x, node.int('num_heads', 1), { cos, sin, rotated })];
  },
});

/** ONNX Runtime's: ids [batch, tokens], or one first position, come before the tables. */
export const microsoftRotaryEmbeddingLowering = defineLowering({
  op: 'RotaryEmbedding',
  domain: 'com.microsoft',
  lower(g, node, inputs) {
    const [x, ids, cosTable, sinTable] = inputs as [Value, Value, Value, Value];
    if (node.int('is_packed_batching', 0) !== 0) {
      throw new GossamerError<TrainErrorCode>(
        'ERR_TRAINING_FORM',
        `node ${node.id}: RotaryEmbedding: expected is_packed_batching 0, received 1`,
      );
    }
    const width = 2 * g.shape(cosTable)[1]!;
    const steps = Array.from({ length: lengthOf(g, x) }, (_, i) => i);
    const positions = g.rank(ids) === 1 ? g.add(g.op('Unsqueeze', [ids, g.int64([0])]), g.int64(steps)) : ids;
    const read = (table: Value) => g.op('Gather', [table, positions], { axis: 0 });
    // Without a number of heads a head is as wide as the tables.
    const heads = node.int('num_heads', 0) || g.shape(x).at(-1)! / width;
    const rotated = node.int('rotary_embedding_dim', 0) || width;
    return [rotateInput(g, node, x, heads, { cos: read(cosTable), sin: read(sinTable), rotated })];
  },
});
