import { type Dim, GossamerError, type Value } from '@gossamer/graph';

/** Most elements of axes of a model, all values together (400 MB of bookkeeping): beyond that a file is hostile. */
const MAX_CELLS = 2 ** 25;

/**
 * Every element of every axis with a fixed length, as a number (its cell), and which of them can only go together: a union-find. A
 * set may be frozen (it stays) or inexact (its removal changes more than masking does), each with the first reason given.
 */
export class AxisCells {
  readonly #shapes = new Map<Value, readonly Dim[]>();
  readonly #first = new Map<Value, Int32Array>();
  #count = 0;
  #parent = new Int32Array(0);
  /** By root, the place of a reason in the list; 0: none. */
  #frozen = new Int32Array(0);
  #inexact = new Int32Array(0);
  readonly #reasons: string[] = [''];
  readonly #places = new Map<string, number>();

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
    this.#parent = new Int32Array(this.#count);
    for (let i = 0; i < this.#count; i++) this.#parent[i] = i;
    this.#frozen = new Int32Array(this.#count);
    this.#inexact = new Int32Array(this.#count);
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
    for (const reasons of [this.#frozen, this.#inexact]) if (reasons[root] === 0) reasons[root] = reasons[other]!;
  }

  freeze(cell: number, reason: string): void {
    this.#mark(this.#frozen, cell, reason);
  }

  freezeAxis(value: Value, axis: number, reason: string): void {
    const length = this.length(value, axis) ?? 0;
    for (let i = 0; i < length; i++) this.freeze(this.cell(value, axis, i), reason);
  }

  /** Why the set of a cell stays; undefined when it may go. */
  frozen(cell: number): string | undefined {
    const place = this.#frozen[this.find(cell)]!;
    return place === 0 ? undefined : this.#reasons[place];
  }

  markInexact(cell: number, reason: string): void {
    this.#mark(this.#inexact, cell, reason);
  }

  inexact(cell: number): string | undefined {
    const place = this.#inexact[this.find(cell)]!;
    return place === 0 ? undefined : this.#reasons[place];
  }

  #mark(reasons: Int32Array, cell: number, reason: string): void {
    const root = this.find(cell);
    if (reasons[root] !== 0) return;
    const place = this.#places.get(reason) ?? this.#reasons.push(reason) - 1;
    this.#places.set(reason, place);
    reasons[root] = place;
  }
}
