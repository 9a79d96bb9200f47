import type { Value } from '@gossamer/graph';
import type { AxisMap } from './axis-map.js';
import { type Axis, expanded, rootOf, type Width } from './widths.js';

/** Which channels of every width stay: the strongest, or, where strengths are not asked for, the first. */
export class Channels {
  readonly #kept = new Map<Width, readonly number[]>();
  readonly #strength = new Map<Width, Float64Array>();

  /** `strongest`: constants whose squares say how strong a channel is. */
  constructor(
    private readonly share: number,
    strongest: readonly Value[],
    map: AxisMap,
  ) {
    for (const value of strongest) if (value.constant!.dims.length > 1) this.#weigh(value, map);
  }

  /** Indices of an axis that stay, ascending; undefined: all. */
  kept(axis: Axis): readonly number[] | undefined {
    const widths = expanded(axis);
    if (widths.every((width) => this.#of(width).length === width.size)) return undefined;
    return widths.reduce<readonly number[]>(
      (list, width) => list.flatMap((at) => this.#of(width).map((index) => at * width.size + index)),
      [0],
    );
  }

  /** The size of an axis in the student. */
  sizeOf(axis: Axis): number {
    return expanded(axis).reduce((product, width) => product * this.#of(width).length, 1);
  }

  #of(width: Width): readonly number[] {
    const root = rootOf(width);
    const known = this.#kept.get(root);
    if (known) return known;
    const made = this.#choose(root);
    this.#kept.set(root, made);
    return made;
  }

  #choose(width: Width): readonly number[] {
    const { size, isFixed, terms } = width;
    const all = Array.from({ length: size }, (_, i) => i);
    if (isFixed) return all;
    if (terms) {
      let first = 0;
      return terms.flatMap((axis) => {
        const length = axis.reduce((product, part) => product * part.size, 1);
        const list = (this.kept(axis) ?? all.slice(0, length)).map((index) => first + index);
        first += length;
        return list;
      });
    }
    const strength = this.#strength.get(width);
    const order = strength ? all.toSorted((a, b) => strength[b]! - strength[a]! || a - b) : all;
    return order.slice(0, Math.max(1, Math.round(size * this.share))).toSorted((a, b) => a - b);
  }

  /** Adds the squares of a constant to the channels they belong to. */
  #weigh(value: Value, map: AxisMap): void {
    const tensor = value.constant!;
    const data = tensor.toFloat32();
    let stride = data.length;
    for (const axis of map.axesOf(value)) {
      for (const width of expanded(axis)) {
        stride /= width.size;
        if (width.isFixed || width.terms) continue;
        const strength = this.#strength.get(width) ?? new Float64Array(width.size);
        for (let i = 0; i < data.length; i++) strength[Math.floor(i / stride) % width.size]! += data[i]! * data[i]!;
        this.#strength.set(width, strength);
      }
    }
  }
}
