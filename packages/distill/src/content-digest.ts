import { Graph, type Model, type Node, Tensor, type Value } from '@gossamer/graph';
import { type Dataset, isReadable, newArray, type Numbers } from '@gossamer/train';
import type { Hash } from 'node:crypto';

/** Samples read at a time. */
const PIECE = 256;

/** Adds all that decides what a model computes: weights and nodes of every scope. */
export function hashModel(hash: Hash, model: Model): void {
  for (const graph of model.scopes()) {
    for (const value of graph.initializers()) hash.update(`${value.name}=${value.initializer?.hash()};`);
    for (const node of graph.nodes()) hash.update(textOf(node));
  }
}

/** Adds all numbers of a dataset. */
export function hashSamples(hash: Hash, dataset: Dataset): void {
  for (let first = 0; first < dataset.length; first += PIECE) {
    const rows = Math.min(PIECE, dataset.length - first);
    for (const data of Object.values(readRows(dataset, first, rows)))
      hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
}

/** `rows` samples from `first` on, of every array that batches have an element type for. */
export function readRows(dataset: Dataset, first: number, rows: number): Readonly<Record<string, Numbers>> {
  const arrays = Object.fromEntries(
    [...dataset.arrays]
      .filter(([, { dtype }]) => isReadable(dtype))
      .map(([name, { dtype, shape }]) => [
        name,
        newArray(
          dtype,
          shape.reduce((a, b) => a * b, rows),
        ),
      ]),
  );
  dataset.read(
    Uint32Array.from({ length: rows }, (_, i) => first + i),
    arrays,
  );
  return arrays;
}

/** All that decides what a node computes; its subgraphs are scopes of their own. */
function textOf(node: Node): string {
  const names = (values: readonly (Value | undefined)[]) => values.map((value) => value?.name ?? null);
  const attributes = [...node.attributes].map(([name, attribute]) => [name, attribute.content]);
  return JSON.stringify([node.kind, names(node.inputs), names(node.outputs), attributes], (_, value: unknown) => {
    if (value instanceof Tensor) return value.hash();
    if (value instanceof Graph) return value.path;
    return typeof value === 'bigint' ? String(value) : value;
  });
}
