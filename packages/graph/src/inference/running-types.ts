import { GossamerError } from '../errors.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import type { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { tensorType, type ValueType } from '../ir/value-type.js';
import { dataOfTensor } from './constant-data.js';
import { NodeContext, type Scope } from './context.js';
import { findRule } from './registry.js';
import type { Data, ValueInfo } from './rule.js';

/** Types of a graph while it is being built: every node is inferred once, when it has been added. Main graph only, no functions. */
export class RunningTypes {
  readonly #infos = new Map<Value, ValueInfo>();
  readonly #scope: Scope;

  constructor(model: Model) {
    this.#scope = {
      opsetOf: (domain) => model.opsets.get(domain) ?? 1,
      infoOf: (value) => this.#infoOf(value),
      constantOf: (value): Tensor | undefined => value.constant,
      inferSubgraph: () => {
        throw new GossamerError(
          'ERR_SHAPE',
          'graph: expected operators without subgraphs, received one with a subgraph',
        );
      },
    };
  }

  /** Says what a value is that no node makes. */
  set(value: Value, type: ValueType): void {
    this.#infos.set(value, { type });
  }

  /** Infers the outputs of `node`, whose inputs are known. Throws ERR_SHAPE for a node that cannot be right or has no rule. */
  infer(node: Node): void {
    const rule = findRule(node);
    if (!rule)
      throw new GossamerError('ERR_SHAPE', `node ${node.id}: expected an operator with a rule, received ${node.kind}`);
    const context = new NodeContext(node, this.#scope);
    rule.infer(node, context);
    node.outputs.forEach(
      (value, index) => value && this.#infos.set(value, context.results[index] ?? { type: undefined }),
    );
  }

  typeOf(value: Value): ValueType | undefined {
    return this.#infoOf(value).type;
  }

  /** Contents of a small tensor, as far as they are known. */
  dataOf(value: Value): Data | undefined {
    return this.#infoOf(value).data;
  }

  #infoOf(value: Value): ValueInfo {
    const known = this.#infos.get(value);
    if (known) return known;
    const tensor = value.constant;
    const info = tensor
      ? { type: tensorType(tensor.dtype, tensor.dims), data: dataOfTensor(tensor) }
      : { type: value.type };
    this.#infos.set(value, info);
    return info;
  }
}
