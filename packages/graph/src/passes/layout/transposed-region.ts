import type { Node } from '../../ir/node.js';
import type { Value } from '../../ir/value.js';
import { isParametric } from '../determinism.js';
import { dropsAxes, layoutRemap, type LayoutRemap, reducedAxes } from './layout-remap.js';
import type { PassContext } from '../pass-context.js';
import type { PassScope } from '../pass-scope.js';

/** Nodes that may join a region at most: residual streams of deep networks stay below. */
const MAX_NODES = 500;

/** The permutation of a Transpose that says it and whose caller does not. */
export function permOf(node: Node | undefined): readonly number[] | undefined {
  if (!node?.isStandard('Transpose') || isParametric(node)) return undefined;
  const perm = node.ints('perm', undefined);
  return perm && [...perm].sort((a, b) => a - b).every((axis, index) => axis === index) ? perm : undefined;
}

/** What reads a value of a region. */
export type Reader = 'region' | 'transpose' | 'reduction' | 'other';

/**
 * Connected nodes that can work on their operands in the order these had before a Transpose by `perm`, and how many Transposes less that
 * takes.
 */
export class TransposedRegion {
  readonly nodes = new Map<Node, LayoutRemap>();

  private constructor(
    readonly perm: readonly number[],
    private readonly scope: PassScope,
    private readonly context: PassContext,
  ) {}

  /** Grows over everything connected, or only over nodes whose operands all come from inside or from such Transposes. */
  static from(first: Node, scope: PassScope, context: PassContext, isWide: boolean): TransposedRegion {
    const region = new TransposedRegion(permOf(first)!, scope, context);
    region.#grow(first, isWide);
    return region;
  }

  /** Transposes that go away less those that come in addition. */
  get gain(): number {
    const removed = new Set<Node>();
    const added = new Set<Value>();
    for (const [node, { slots }] of this.nodes) {
      for (const slot of slots) {
        const value = node.input(slot)!;
        if (this.isTurned(value)) {
          if (value.uses.every((use) => this.readerOf(use.node, value) !== 'other') && !value.isOutput)
            removed.add(value.producer!);
        } else if (!this.nodes.has(value.producer!)) added.add(value);
      }
      for (const value of node.outputs) if (value) this.#countReaders(value, removed, added);
    }
    return removed.size - added.size;
  }

  /** True when `value` is made by a Transpose like the one that the region is about, of something outside. */
  isTurned(value: Value): boolean {
    const { producer } = value;
    if (producer?.graph !== this.scope.graph || permOf(producer)?.join() !== this.perm.join()) return false;
    return !this.nodes.has(producer.input(0)!.producer!);
  }

  readerOf(node: Node, value: Value): Reader {
    if (node.graph !== this.scope.graph) return 'other';
    const remap = this.nodes.get(node);
    if (remap) return remap.slots.some((slot) => node.input(slot) === value) ? 'region' : 'other';
    if (permOf(node) && this.nodes.has(value.producer!)) return 'transpose';
    return this.#keepsOrder(node) ? 'reduction' : 'other';
  }

  /** A reduction without place for its axes, where the others stay in their order. */
  #keepsOrder(node: Node): boolean {
    const axes = dropsAxes(node) ? reducedAxes(node, this.perm.length) : undefined;
    if (!axes) return false;
    const rest = this.perm.filter((_, axis) => !axes.includes(axis));
    return rest.every((axis, index) => index === 0 || axis > rest[index - 1]!);
  }

  #countReaders(value: Value, removed: Set<Node>, added: Set<Value>): void {
    if (value.isOutput) added.add(value);
    for (const { node } of value.uses) {
      const reader = this.readerOf(node, value);
      if (reader === 'other') added.add(value);
      if (reader === 'transpose' && this.#cancels(node)) removed.add(node);
    }
  }

  #cancels(node: Node): boolean {
    const isIdentity = permOf(node)!.every((axis, index) => this.perm[axis] === index);
    return isIdentity && !node.output.isOutput;
  }

  #grow(first: Node, isWide: boolean): void {
    const queue = first.output.uses.map((use) => use.node);
    while (queue.length > 0 && this.nodes.size < MAX_NODES) {
      const node = queue.pop()!;
      if (node.graph !== this.scope.graph || this.nodes.has(node)) continue;
      const remap = layoutRemap(node, this.perm.length, this.scope, this.context.types);
      if (!remap) continue;
      const operands = remap.slots.map((slot) => node.input(slot)!);
      const isInside = (value: Value) => this.isTurned(value) || this.nodes.has(value.producer!);
      if (!isWide && !operands.every(isInside)) continue;
      this.nodes.set(node, remap);
      const around = [...operands, ...node.outputs.filter((value) => value !== undefined)];
      for (const value of around) {
        if (isWide && value.producer && !this.isTurned(value)) queue.push(value.producer);
        if (isWide || value.producer === node) queue.push(...value.uses.map((use) => use.node));
      }
    }
  }
}
