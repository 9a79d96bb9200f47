import { type Dim, GossamerError, type Value } from '@gossamer/graph';

/** Most elements of axes of a model, all values together (1 GB of bookkeeping): beyond that a file is hostile. */
const MAX_CELLS = 2 ** 26;

/**
 * Every element of every axis with a fixed length, as a number (its cell), and which of them can only go together: a union-find. A
 * set may be frozen (it stays) or inexact (its removal changes more than masking does), each with the first reason given.
 */
export class AxisCells {
  readonly #shapes = new Map<Value, readonly Dim[]>();
  readonly #first = new Map<Value, Int32Array>();
  #count = 0;
  #parent = new Int32Array(0);
  readonly #frozen = new Map<number, string>();
  readonly #inexact = new Map<number, string>();

  /** Declares a value before anything is tied. A symbolic or unknown dimension has no cells. */
  add(value: Value, shape: readonly Dim[]): void {
    const first = Int32Array.from(shape, (dim) => {
      if (typeof dim !== 'number') return -1;
      const at = this.#count;
      this.#count += dim;
      if (this.#count > MAX_CELLS) {
        throw new GossamerError(
          'ERR_PRUNE_SIZE',
          `model: expected at most ${MAX_CELLS} elements of axes, received more, at ${value.name}`,
        );
      }
      return at;
    });
    this.#shapes.set(value, shape);
    this.#first.set(value, first);
  }

  /** Ends the declarations. */
  seal(): void {
    this.#parent = Int32Array.from({ length: this.#count }, (_, i) => i);
  }

  values(): IterableIterator<Value> {
    return this.#shapes.keys();
  }

  shapeOf(value: Value): readonly Dim[] | undefined {
    return this.#shapes.get(value);
  }

  /** Length of an axis that has cells; undefined for a symbolic one. */
  length(value: Value, axis: number): number | undefined {
    const dim = this.#shapes.get(value)?.[axis];
    return typeof dim === 'number' ? dim : undefined;
  }

  cell(value: Value, axis: number, index: number): number {
    return this.#first.get(value)![axis]! + index;
  }

  /** The set of a cell, named by its smallest member. */
  find(cell: number): number {
    const parent = this.#parent;
    let at = cell;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!;
      at = parent[at]!;
    }
    return at;
  }

  union(a: number, b: number): void {
    const [x, y] = [this.find(a), this.find(b)];
    if (x === y) return;
    const [root, other] = x < y ? [x, y] : [y, x];
    this.#parent[other] = root;
    for (const reasons of [this.#frozen, this.#inexact]) {
      const reason = reasons.get(root) ?? reasons.get(other);
      reasons.delete(other);
      if (reason !== undefined) reasons.set(root, reason);
    }
  }

  freeze(cell: number, reason: string): void {
    const root = this.find(cell);
    if (!this.#frozen.has(root)) this.#frozen.set(root, reason);
  }

  freezeAxis(value: Value, axis: number, reason: string): void {
    const length = this.length(value, axis) ?? 0;
    for (let i = 0; i < length; i++) this.freeze(this.cell(value, axis, i), reason);
  }

  /** Why the set of a cell stays; undefined when it may go. */
  frozen(cell: number): string | undefined {
    return this.#frozen.get(this.find(cell));
  }

  markInexact(cell: number, reason: string): void {
    const root = this.find(cell);
    if (!this.#inexact.has(root)) this.#inexact.set(root, reason);
  }

  inexact(cell: number): string | undefined {
    return this.#inexact.get(this.find(cell));
  }
}
