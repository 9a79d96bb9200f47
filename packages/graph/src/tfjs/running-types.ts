import { dataOfTensor } from '../inference/constant-data.js';
import { NodeContext, type Scope } from '../inference/context.js';
import type { Shape } from '../inference/dims.js';
import { findRule } from '../inference/registry.js';
import type { Data, ValueInfo } from '../inference/rule.js';
import type { DType } from '../dtype.js';
import { isGossamerError } from '../errors.js';
import type { Node } from '../ir/node.js';
import type { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { tensorType } from '../ir/value-type.js';
import { tfjsError } from './error-codes.js';

/** Types, shapes and small integer contents of a graph while it is being written: each node is inferred when it is added. */
export class RunningTypes implements Scope {
  readonly #infos = new Map<Value, ValueInfo>();

  constructor(private readonly opset: number) {}

  opsetOf(): number {
    return this.opset;
  }

  infoOf(value: Value): ValueInfo {
    let info = this.#infos.get(value);
    if (!info) {
      const tensor = value.constant;
      info = tensor
        ? { type: tensorType(tensor.dtype, tensor.dims), data: dataOfTensor(tensor) }
        : { type: value.type };
      this.#infos.set(value, info);
    }
    return info;
  }

  constantOf(value: Value): Tensor | undefined {
    return value.constant;
  }

  /** No converter writes subgraphs. */
  inferSubgraph(): ValueInfo[] {
    return [];
  }

  /** Infers the outputs of a node just added; throws ERR_TFJS_NODE where its operands cannot be right. */
  add(node: Node): void {
    const context = new NodeContext(node, this);
    try {
      findRule(node)?.infer(node, context);
    } catch (cause) {
      if (!isGossamerError(cause)) throw cause;
      throw tfjsError('ERR_TFJS_NODE', cause.message, { cause });
    }
    node.outputs.forEach(
      (value, index) => value && this.#infos.set(value, context.results[index] ?? { type: undefined }),
    );
  }

  dtypeOf(value: Value): DType | undefined {
    const { type } = this.infoOf(value);
    return type && 'dtype' in type ? type.dtype : undefined;
  }

  /** Undefined when the rank is not known. */
  shapeOf(value: Value): Shape | undefined {
    const { type } = this.infoOf(value);
    return type && 'shape' in type ? type.shape : undefined;
  }

  /** Contents, as far as known. */
  dataOf(value: Value): Data | undefined {
    return this.infoOf(value).data;
  }
}
