import {
  countMacs,
  dtypeByteLength,
  GossamerError,
  inferTypes,
  type Model,
  type Node,
  subModel,
  type TypeTable,
  type Value,
} from '@gossamer/graph';
import { runPasses } from '@gossamer/graph/passes';
import type { TrainErrorCode } from '../error-codes.js';
import { requireInteger } from '../require-option.js';
import { chooseCuts, type CutPlace } from './choose-cuts.js';

/** A part of a model that runs behind those before it. */
export interface Stage {
  readonly model: Model;
  /** Multiply-accumulates, symbols taken as 1. */
  readonly macs: number;
  /** Inputs that are outputs of earlier stages; the others are the model's own. */
  readonly edges: readonly string[];
}

/** The reads of a node, those of its subgraphs included. */
function readsOf(node: Node): Value[] {
  const inner = node.subgraphs().flatMap((graph) => [...graph.scopes()]);
  const reads = inner.flatMap((scope) => [...[...scope.nodes()].flatMap(({ inputs }) => inputs), ...scope.outputs]);
  return [...node.inputs, ...reads].filter((value): value is Value => value?.graph === node.graph);
}

/**
 * Cuts the main graph into `stages` parts in its topological order. What a stage makes and a later one reads is an output there and an input here, under
 * its name; run one behind the other, the parts compute what the model does. Cuts lie where few bytes cross among those that balance the
 * multiply-accumulates (see chooseCuts); symbolic sizes count as 1.
 *
 * Throws ERR_TRAIN_OPTIONS where the model has not so many layers that multiply.
 */
export function cutModel(model: Model, stages: number): readonly Stage[] {
  requireInteger('stages', stages, 1);
  const whole = runPasses(model, ['constants-to-initializers']).model;
  const types = inferTypes(whole);
  const nodes = [...whole.graph.nodes()];
  const { perLayer } = countMacs(whole, types);
  const macs = nodes.map((node) => perLayer.get(node.id)?.macs ?? 0);
  const layers = macs.flatMap((count, i) => (count > 0 ? [i] : []));
  const last = lastReads(nodes);
  const bytes = crossingBytes(nodes, last, types);
  const places = layers.slice(1).map((end, i) => cheapest(bytes, layers[i]! + 1, end));
  const cuts = chooseCuts(
    layers.map((i) => macs[i]!),
    places,
    stages,
  );
  if (!cuts) {
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAIN_OPTIONS',
      `stages: expected at most as many as layers that multiply, with tensors between them, received ${stages} for ${layers.length}`,
    );
  }
  const bounds = [0, ...cuts.map((cut) => places[cut - 1]!.position), nodes.length];
  return bounds.slice(1).map((end, stage) => {
    const own = nodes.slice(bounds[stage], end);
    const outputs = own.flatMap(({ outputs: made }) =>
      made.filter((value): value is Value => value !== undefined && (value.isOutput || (last.get(value) ?? -1) >= end)),
    );
    const part = subModel(whole, new Set(own), outputs, (value) => types.typeOf(value) ?? value.type);
    const edges = part.graph.inputs.filter(({ name }) => whole.graph.value(name)?.producer).map(({ name }) => name);
    return { model: part, macs: macs.slice(bounds[stage], end).reduce((a, b) => a + b, 0), edges };
  });
}

/** The last node that reads each value. */
function lastReads(nodes: readonly Node[]): ReadonlyMap<Value, number> {
  const last = new Map<Value, number>();
  nodes.forEach((node, i) => readsOf(node).forEach((value) => last.set(value, i)));
  return last;
}

/** Bytes made before node i and read at it or behind, by i. */
function crossingBytes(nodes: readonly Node[], last: ReadonlyMap<Value, number>, types: TypeTable): readonly number[] {
  const bytes = new Array<number>(nodes.length + 1).fill(0);
  nodes.forEach(({ outputs }, made) => {
    for (const value of outputs) {
      const end = (value && last.get(value)) ?? made;
      for (let i = made + 1; i <= end; i++) bytes[i]! += bytesOf(value!, types);
    }
  });
  return bytes;
}

function bytesOf(value: Value, types: TypeTable): number {
  const dtype = types.dtypeOf(value);
  const shape = types.shapeOf(value);
  if (types.typeOf(value)?.kind !== 'tensor' || !dtype || dtype === 'string' || !shape) return Infinity;
  const count = shape.reduce<number>((product, dim) => product * (typeof dim === 'number' ? dim : 1), 1);
  return dtypeByteLength(dtype, count);
}

/** The position in [from, to] that the fewest bytes cross; of equals the last, which leaves an activation with its layer. */
function cheapest(bytes: readonly number[], from: number, to: number): CutPlace {
  let position = to;
  for (let i = to; i >= from; i--) if (bytes[i]! < bytes[position]!) position = i;
  return { position, bytes: bytes[position]! };
}
