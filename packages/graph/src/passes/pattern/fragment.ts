import type { NodeSpec } from '../../ir/node-spec.js';
import type { Node } from '../../ir/node.js';
import type { Value } from '../../ir/value.js';
import { isParametric } from '../determinism.js';
import { takeOver } from '../take-over.js';

/** The nodes that a fusion replaces: `last`, whose result stays, and those it was found to be computed by. */
export class Fragment {
  readonly #nodes: Set<Node>;
  readonly #kept: Node[] = [];

  constructor(readonly last: Node) {
    this.#nodes = new Set([last]);
  }

  /**
   * The node that makes `value`, from now on part of the fragment: a standard operator with one result, one of `ops`, in the scope of the
   * last one, whose attributes no caller decides. Undefined, and not taken, otherwise.
   */
  take(value: Value | undefined, ...ops: readonly string[]): Node | undefined {
    const node = value?.producer;
    if (!node || node.graph !== this.last.graph || node.domain !== '' || !ops.includes(node.op)) return undefined;
    if (isParametric(node) || node.outputs.some((output, slot) => slot > 0 && output)) return undefined;
    this.#nodes.add(node);
    return node;
  }

  /** Says that the result of `node`, which was taken, is a further output of what replaces the fragment: it may be one of the graph. */
  keep(node: Node): void {
    this.#kept.push(node);
  }

  /** True when what lies between is read nowhere else. */
  get isClosed(): boolean {
    return [...this.#nodes].every((node) => {
      if (node === this.last) return true;
      const { output } = node;
      const mayBeOutput = this.#kept.includes(node);
      return (mayBeOutput || !output.isOutput) && output.uses.every((use) => this.#nodes.has(use.node));
    });
  }

  /** Puts one node in the place of all; it makes the last one's result, and in the outputs after it those kept, under the same names. */
  replace(spec: Omit<NodeSpec, 'outputs'>): Node {
    const { graph } = this.last;
    const fused = graph.add({ ...spec, outputs: [undefined] }, { before: this.last });
    this.#nodes.delete(this.last);
    takeOver(fused, this.last);
    this.#kept.forEach(({ output }, index) => {
      graph.detachOutput(output, output.name);
      graph.setOutput(fused, index + 1, output);
    });
    this.#removeUnread();
    return fused;
  }

  #removeUnread(): void {
    let before: number;
    do {
      before = this.#nodes.size;
      for (const node of this.#nodes) {
        if (node.output.uses.length > 0) continue;
        node.graph.remove(node);
        this.#nodes.delete(node);
      }
    } while (this.#nodes.size < before);
  }
}
