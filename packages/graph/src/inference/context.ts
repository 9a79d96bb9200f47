import type { DType } from '../dtype.js';
import { GossamerError } from '../errors.js';
import type { Dim } from '../ir/dim.js';
import type { Graph } from '../ir/graph.js';
import type { Node } from '../ir/node.js';
import type { Tensor } from '../ir/tensor.js';
import type { Value } from '../ir/value.js';
import { tensorType, type ValueType } from '../ir/value-type.js';
import { elementOf, followsData } from './constant-data.js';
import { boundedDim, type Shape } from './dims.js';
import type { Data, DataArray, InferenceContext, ValueInfo } from './rule.js';

/** What a node's context needs of the walk it is part of. */
export interface Scope {
  opsetOf(domain: string): number;
  infoOf(value: Value): ValueInfo;
  constantOf(value: Value): Tensor | undefined;
  inferSubgraph(graph: Graph, inputs: readonly ValueInfo[], discard: boolean): ValueInfo[];
}

/** The context of one node: reads through to the walk, collects the outputs. */
export class NodeContext implements InferenceContext {
  /** What the rule set, by output slot. */
  readonly results: (ValueInfo | undefined)[] = [];

  constructor(
    private readonly node: Node,
    private readonly scope: Scope,
  ) {}

  get opset(): number {
    return this.scope.opsetOf(this.node.domain);
  }

  has(input: number): boolean {
    return this.node.inputs[input] !== undefined;
  }

  infoOf(input: number): ValueInfo {
    const value = this.node.inputs[input];
    return value ? this.scope.infoOf(value) : { type: undefined };
  }

  typeOf(input: number): ValueType | undefined {
    return this.infoOf(input).type;
  }

  dtypeOf(input: number): DType | undefined {
    const type = this.typeOf(input);
    return type && 'dtype' in type ? type.dtype : undefined;
  }

  shapeOf(input: number): Shape | undefined {
    const type = this.typeOf(input);
    return type && 'shape' in type ? type.shape : undefined;
  }

  dataOf(input: number): Data | undefined {
    return this.infoOf(input).data;
  }

  arrayOf(input: number): DataArray | undefined {
    const data = this.dataOf(input);
    const dims = this.shapeOf(input);
    return data && dims?.every((dim) => typeof dim === 'number')
      ? { data, dims: dims as readonly number[] }
      : undefined;
  }

  constantOf(input: number): Tensor | undefined {
    const value = this.node.inputs[input];
    return value && this.scope.constantOf(value);
  }

  set(output: number, type: ValueType | undefined): void {
    this.results[output] = { type };
  }

  setTensor(output: number, dtype: DType | undefined, shape: Shape | undefined, data?: Data): void {
    const dims = shape?.map((dim) => this.checkedDim(dim));
    this.setInfo(output, { type: tensorType(dtype, dims), data: dims && data && this.contents(dtype, dims, data) });
  }

  setInfo(output: number, info: ValueInfo): void {
    this.results[output] = info;
  }

  inferSubgraph(graph: Graph, inputs: readonly ValueInfo[], discard = false): ValueInfo[] {
    return this.scope.inferSubgraph(graph, inputs, discard);
  }

  error(what: string, expected: string, received: unknown): GossamerError {
    const { node } = this;
    return new GossamerError(
      'ERR_SHAPE',
      `node ${node.id} (${node.kind}): ${what}: expected ${expected}, received ${spell(received)}`,
    );
  }

  private checkedDim(dim: Dim): Dim {
    if (typeof dim === 'number' && !(Number.isSafeInteger(dim) && dim >= 0)) {
      throw this.error('output dimension', 'an integer >= 0', dim);
    }
    return boundedDim(dim);
  }

  private contents(dtype: DType | undefined, dims: Shape, data: Data): Data | undefined {
    const count = dims.reduce<Dim>((a, b) => (typeof a === 'number' && typeof b === 'number' ? a * b : undefined), 1);
    if (count === undefined || !followsData(dtype, data.length)) return undefined;
    if (data.length !== count)
      throw new Error(`rule of ${this.node.kind}: ${data.length} elements for [${String(dims)}]`);
    const elements = data.map((element) => boundedDim(elementOf(dtype, element)));
    return elements.length === 0 || elements.some((element) => element !== undefined) ? elements : undefined;
  }
}

function spell(received: unknown): string {
  if (!Array.isArray(received)) return String(received);
  return `[${received.map((item: unknown) => (item === undefined ? '?' : String(item))).join(',')}]`;
}
