import { attribute, type Node, Tensor, type Value } from '@gossamer/graph';
import type { Compilation } from '../compilation.js';
import { transposedTensor } from '../edit/transposed-tensor.js';
import { axisVectors, layoutRule, type LayoutRule, permuteVector } from './layout-rule.js';
import { channelsFirstPerm, channelsLastPerm, composed, isIdentity, permuted } from '../../layout/permutations.js';

/**
 * Lets convolutions and pools compute with channels last, and what lies between them with them: a node that does not mind its order takes
 * that of its operands. Every value stays there in its first order too, behind a Transpose, which is dead where nothing reads it.
 */
export function channelsLast(compilation: Compilation): void {
  new LayoutWalk(compilation).run();
}

class LayoutWalk {
  /** Values that are made with channels last, by what they were. */
  readonly #made = new Map<Value, Value>();
  /** Transposes of values that are made in the first order. */
  readonly #turned = new Map<Value, Value>();

  constructor(private readonly compilation: Compilation) {}

  run(): void {
    for (const node of [...this.compilation.graph.nodes()]) this.#visit(node);
  }

  #visit(node: Node): void {
    if (node.isStandard('Transpose')) return this.#merge(node);
    const rank = this.#rankOf(node);
    const rule = rank === undefined ? undefined : layoutRule(node, rank, this.compilation);
    if (!rule || !rule.slots.every((slot) => this.compilation.rankOf(node.input(slot)) === rank)) return;
    const isReached = rule.slots.some((slot) => this.#made.has(node.input(slot)!));
    if (rule.isBound || isReached) this.#rewrite(node, rule, rank!);
  }

  /** The rank of the first operand that is no constant. */
  #rankOf(node: Node): number | undefined {
    const ranks = node.inputs.map((value) => (value?.constant ? undefined : this.compilation.rankOf(value)));
    const rank = Math.max(-1, ...ranks.map((value) => value ?? -1));
    return rank >= 3 ? rank : undefined;
  }

  /** A Transpose of what is made with channels last reads that. */
  #merge(node: Node): void {
    const value = node.input(0)!;
    const last = this.#made.get(value);
    const perm = node.ints('perm', undefined);
    // An image that comes with channels last and is turned: what follows may have it as it came.
    if (!last && perm?.length === 4 && perm.join() === channelsFirstPerm(4).join()) this.#made.set(node.output, value);
    if (!last || !perm) return;
    const { graph } = this.compilation;
    const merged = composed(channelsFirstPerm(perm.length), perm);
    graph.setInput(node, 0, last);
    graph.setAttribute(node, 'perm', attribute.ints(merged));
    if (isIdentity(merged) && !node.output.isOutput) graph.replaceUses(node.output, last);
  }

  #rewrite(node: Node, rule: LayoutRule, rank: number): void {
    const { graph } = this.compilation;
    const perm = channelsLastPerm(rank);
    for (const slot of rule.slots) graph.setInput(node, slot, this.#channelsLastOf(node.input(slot)!, node));
    for (const slot of rule.constants) this.#turnConstant(node, slot, rank);
    for (const value of axisVectors(node)) {
      const slot = node.inputs.indexOf(value);
      graph.setInput(node, slot, graph.addInitializer(`${value.name}_last`, permuteVector(value.constant!, perm)));
    }
    const { op, domain, attributes = {}, integers = {} } = rule.apply((axis) => perm.indexOf(axis));
    if (op) graph.retarget(node, { op, ...(domain === undefined ? {} : { domain }) });
    for (const [name, content] of Object.entries(attributes)) graph.setAttribute(node, name, content);
    for (const [slot, values] of Object.entries(integers)) {
      const tensor = Tensor.fromNumbers('int64', [values.length], values);
      graph.setInput(node, Number(slot), graph.addInitializer(`${node.output.name}_axes`, tensor));
    }
    if (!rule.movesResults) return;
    for (const [slot, value] of node.outputs.entries()) {
      if (value && (rule.results?.includes(slot) ?? true)) this.#turnResult(node, value, rank);
    }
  }

  #channelsLastOf(value: Value, reader: Node): Value {
    const known = this.#made.get(value) ?? this.#turned.get(value);
    if (known) return known;
    const { graph } = this.compilation;
    const rank = this.compilation.rankOf(value)!;
    let perm = channelsLastPerm(rank);
    let source = value;
    if (value.constant) {
      const turned = graph.addInitializer(`${value.name}_last`, transposedTensor(value.constant, perm));
      this.#turned.set(value, turned);
      return turned;
    }
    const before = value.producer;
    if (before?.isStandard('Transpose') && before.graph === graph) {
      source = before.input(0)!;
      perm = composed(before.ints('perm', []), perm);
    }
    const turned = isIdentity(perm) && source !== value ? source : this.#transpose(source, perm, reader, value.name);
    this.#turned.set(value, turned);
    return turned;
  }

  #transpose(source: Value, perm: readonly number[], reader: Node, name: string): Value {
    const { graph } = this.compilation;
    const attributes = { perm: attribute.ints(perm) };
    const { output } = graph.add(
      { op: 'Transpose', inputs: [source], outputs: [`${name}_last`], attributes },
      { before: reader },
    );
    const type = this.compilation.typeOf(source);
    this.compilation.setType(output, type?.dtype, type?.shape && permuted(type.shape, perm));
    return output;
  }

  #turnConstant(node: Node, slot: number, rank: number): void {
    const { graph } = this.compilation;
    const value = node.input(slot)!;
    const tensor = value.constant!;
    const dims = [...new Array<number>(rank - tensor.dims.length).fill(1), ...tensor.dims];
    const turned = transposedTensor(tensor.reshaped(dims), channelsLastPerm(rank));
    graph.setInput(node, slot, graph.addInitializer(`${value.name}_last`, turned));
  }

  /** The node makes the value with channels last; what it was is a Transpose of that. */
  #turnResult(node: Node, value: Value, rank: number): void {
    const { graph } = this.compilation;
    const type = this.compilation.typeOf(value);
    const last = graph.detachOutput(value, `${value.name}_last`);
    this.compilation.setType(last, type?.dtype, type?.shape && permuted(type.shape, channelsLastPerm(rank)));
    const attributes = { perm: attribute.ints(channelsFirstPerm(rank)) };
    graph.add({ op: 'Transpose', inputs: [last], outputs: [value], attributes }, { after: node });
    this.#made.set(value, last);
  }
}
