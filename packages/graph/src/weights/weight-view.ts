import { GossamerError } from '../errors.js';
import { attribute } from '../ir/attribute.js';
import type { Graph } from '../ir/graph.js';
import type { Model } from '../ir/model.js';
import type { Node } from '../ir/node.js';
import { Tensor } from '../ir/tensor.js';
import type { Use, Value } from '../ir/value.js';
import type { DenseArray } from './rearrange.js';
import { resolveChain, type WeightChain } from './weight-chain.js';
import { type WeightRole, type WeightSlot, weightSlots } from './weight-slots.js';

/** 'edit-all': the stored tensor changes, for every reader; 'clone-for': this node gets a tensor of its own. */
export type EditMode = 'edit-all' | 'clone-for';

/**
 * One weight as one node sees it, wherever it is stored: an initializer, a Constant node, behind Cast, Transpose, Reshape,
 * Slice and Concat, or quantized behind DequantizeLinear. The only way in which methods see a weight.
 */
export class WeightView {
  readonly node: Node;
  readonly inputIndex: number;
  readonly role: WeightRole;
  /** Axis of output features in `shape`. */
  readonly outAxis: number;
  /** Axis of input features in `shape`. */
  readonly inAxis: number;
  readonly groups: number;
  /** Shape as the node sees it. */
  readonly shape: readonly number[];
  /** Where the data are stored: an initializer, or the output of a Constant node; maybe of an enclosing scope. */
  readonly source: Value;
  readonly bias: Value | undefined;
  readonly #chain: WeightChain;
  #stored: Tensor;

  constructor(node: Node, slot: WeightSlot, chain: WeightChain) {
    this.node = node;
    this.inputIndex = slot.inputIndex;
    this.role = slot.role;
    this.outAxis = slot.outAxis;
    this.inAxis = slot.inAxis;
    this.groups = slot.groups;
    this.bias = slot.biasIndex === undefined ? undefined : node.input(slot.biasIndex);
    this.shape = chain.shape;
    this.source = chain.source;
    this.#chain = chain;
    this.#stored = chain.stored;
  }

  /** Stable id of the layer. */
  get layerId(): string {
    return this.node.id;
  }

  /** Operator type of the layer. */
  get op(): string {
    return this.node.op;
  }

  /** The tensor as it is stored (before the chain). */
  get stored(): Tensor {
    return this.#stored;
  }

  /** The nodes between the stored tensor and this node, nearest to the storage first. */
  get chain(): readonly Node[] {
    return this.#chain.nodes;
  }

  /** True when the weight is already stored as codes behind DequantizeLinear. */
  get isQuantized(): boolean {
    return this.chain.some((node) => node.op === 'DequantizeLinear');
  }

  /** Every slot that reads the stored tensor. More than one: an edit for one reader is an edit for all, unless cloned. */
  get consumers(): readonly Use[] {
    return this.source.uses;
  }

  /** The weight as this node sees it, rounded as the Casts on the way round: a fresh row-major array of `shape`. */
  toFloat32(): Float32Array {
    const read = this.#chain.read(this.stored);
    return read instanceof Float32Array ? read : Float32Array.from(read);
  }

  /** Elements of the stored tensor, or what else there is one of for each of them, as this node sees them: row-major in `shape`. */
  arrange<T extends DenseArray>(stored: T): T {
    return this.#chain.move(stored);
  }

  /**
   * Writes the weight back, row-major in `shape`. Throws ERR_QUANTIZED_WEIGHT for 'edit-all' on quantized storage, which no float can
   * be written into exactly, ERR_WEIGHT_CONFLICT when another view wrote the same stored tensor meanwhile, and ERR_TENSOR_DATA for a
   * wrong length.
   */
  write(data: Float32Array, mode: EditMode = 'edit-all'): void {
    if (mode === 'clone-for') {
      const { dtype } = this.#chain;
      const isFloat32 = dtype === 'float32';
      return this.#clone(isFloat32 ? Tensor.of(dtype, this.shape, data) : Tensor.fromNumbers(dtype, this.shape, data));
    }
    const { constant } = this.source;
    if (constant !== this.#stored && constant?.hash() !== this.#stored.hash()) {
      throw new GossamerError(
        'ERR_WEIGHT_CONFLICT',
        `${this.layerId}: expected ${this.source.name} as this view read it, received one edited through another view`,
      );
    }
    const stored = this.#takeBack(data);
    const { dtype, dims } = this.stored;
    const tensor = dtype === 'float32' ? Tensor.of(dtype, dims, stored) : Tensor.fromNumbers(dtype, dims, stored);
    storeConstant(this.source, tensor);
    this.#stored = tensor;
  }

  /** Gives the node a constant of its own, stored as the source is: a function body has no initializers. */
  #clone(tensor: Tensor): void {
    const { graph } = this.node;
    const name = `${this.source.name}_own`;
    const attributes = { value: attribute.tensor(tensor) };
    const value = this.source.producer
      ? graph.add({ op: 'Constant', inputs: [], outputs: [name], attributes }, { before: this.node }).output
      : graph.addInitializer(name, tensor);
    graph.setInput(this.node, this.inputIndex, value);
  }

  /** What the stored tensor must hold for this node to read `data`: positions are followed back. */
  #takeBack(data: Float32Array): Float32Array {
    const wanted = Tensor.of('float32', this.shape, data);
    if (!this.#chain.movesOnly) {
      throw new GossamerError(
        'ERR_QUANTIZED_WEIGHT',
        `${this.layerId}: expected a float weight to write to, received one behind DequantizeLinear`,
      );
    }
    if (this.chain.length === 0) return wanted.toFloat32();
    // Elements the node does not read (a Slice drops them) keep their values.
    const stored = this.stored.toFloat32();
    const positions = this.#chain.move(Int32Array.from({ length: stored.length }, (_, i) => i));
    positions.forEach((from, to) => {
      stored[from] = data[to]!;
    });
    return stored;
  }
}

/** Replaces the data of a constant value, whether an initializer or a Constant node's output holds them. */
export function storeConstant(value: Value, tensor: Tensor): void {
  const node = value.producer;
  if (!node) {
    value.graph.setInitializer(value, tensor);
    return;
  }
  for (const name of node.attributes.keys()) value.graph.setAttribute(node, name, undefined);
  value.graph.setAttribute(node, 'value', attribute.tensor(tensor));
}

/** Every weight of a model or graph, over all scopes, in node order. */
export function weightViews(root: Model | Graph): WeightView[] {
  const views: WeightView[] = [];
  for (const graph of root.scopes()) for (const node of graph.nodes()) views.push(...weightsOf(node));
  return views;
}

/** The weights of one node: those of its weight slots whose data are constant and floating point (or quantized codes). */
export function weightsOf(node: Node): WeightView[] {
  const chains = new Map<number, WeightChain | undefined>();
  const chainOf = (index: number) => {
    if (!chains.has(index)) {
      const value = node.input(index);
      chains.set(index, value && resolveChain(value));
    }
    return chains.get(index);
  };
  const views: WeightView[] = [];
  for (const slot of weightSlots(node, (index) => chainOf(index)?.shape.length)) {
    const chain = chainOf(slot.inputIndex);
    if (!chain || chain.shape.length <= Math.max(slot.outAxis, slot.inAxis)) continue;
    const view = new WeightView(node, slot, chain);
    if (view.isQuantized || FLOAT_STORAGE.has(chain.stored.dtype)) views.push(view);
  }
  return views;
}

const FLOAT_STORAGE: ReadonlySet<string> = new Set(['float32', 'float16', 'bfloat16', 'float64']);
