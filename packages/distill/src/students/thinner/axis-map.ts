import { type Node, tensorType, type Model, inferTypes, type TypeTable, type Value, isFloat } from '@gossamer/graph';
import { type Axis, fix, newAxis } from './widths.js';

/** Stand for sizes that are not known: primes, so that a reshape that mixes them with other sizes is seen. */
const PRIMES = [10_007, 10_009, 10_037, 10_039, 10_061, 10_067];

/** The axes of every value of a graph, and which of them are the same. */
export class AxisMap {
  readonly #axes = new Map<Value, readonly Axis[]>();
  readonly #types: TypeTable;

  constructor(model: Model) {
    const symbols = new Map<string, number>();
    const number = (key: string): number => {
      const known = symbols.get(key) ?? PRIMES[symbols.size % PRIMES.length]!;
      symbols.set(key, known);
      return known;
    };
    const inputs = Object.fromEntries(
      model.graph.inputs.flatMap(({ name, type, initializer }) => {
        if (initializer || type?.kind !== 'tensor' || !type.dtype || !type.shape) return [];
        const shape = type.shape.map((dim, axis) =>
          typeof dim === 'number' ? dim : number(dim === undefined ? `${name}[${axis}]` : String(dim)),
        );
        return [[name, tensorType(type.dtype, shape)]];
      }),
    );
    this.#types = inferTypes(model, { inputs });
  }

  /** The shape, where it is known. */
  shapeOf(value: Value): readonly number[] | undefined {
    return this.#types.staticShapeOf(value) ?? value.constant?.dims;
  }

  isFloat(value: Value): boolean {
    const dtype = this.#types.dtypeOf(value) ?? value.constant?.dtype;
    return dtype !== undefined && isFloat(dtype);
  }

  /** The axes; those of a constant that is seen first are free, those of an input are fixed. */
  axesOf(value: Value): readonly Axis[] {
    const known = this.#axes.get(value);
    if (known) return known;
    const isFree = value.constant !== undefined && this.isFloat(value);
    const axes = (this.shapeOf(value) ?? []).map((size) => newAxis(size, !isFree));
    this.#axes.set(value, axes);
    return axes;
  }

  set(value: Value, axes: readonly Axis[]): void {
    this.#axes.set(value, axes);
  }

  /** Keeps every axis around a node. */
  fixAll(node: Node): void {
    for (const value of [...node.inputs, ...node.outputs]) if (value) this.axesOf(value).forEach(fix);
  }
}
