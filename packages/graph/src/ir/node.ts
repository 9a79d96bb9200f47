import type { WireMessage } from '../wire/wire-message.js';
import { type Attribute, safeInteger } from './attribute.js';
import type { Graph } from './graph.js';
import { Tensor } from './tensor.js';
import type { Use, Value } from './value.js';

/** Slots of a node: undefined is an absent optional input or an unused output (""). */
export type Slots = readonly (Value | undefined)[];

const text = new TextDecoder();

/** One operator call. Fields are changed by the graph's edit methods only. */
export class Node {
  readonly inputs: Slots = [];
  /** The use that each input slot is of its value. */
  readonly inputUses: readonly (Use | undefined)[] = [];
  readonly outputs: Slots = [];
  readonly attributes: ReadonlyMap<string, Attribute> = new Map();
  /** Neighbours in the graph's topological order. */
  readonly previous: Node | undefined = undefined;
  readonly next: Node | undefined = undefined;

  constructor(
    readonly graph: Graph,
    /** Operator type, e.g. `Conv`. */
    readonly op: string,
    /** Operator domain; '' is the standard's (`ai.onnx` is normalised to it). */
    readonly domain: string,
    /** The node's name in the file; may be empty. */
    readonly name: string,
    /** Picks one of several functions with the same domain and name; '' for operators. */
    readonly overload = '',
    /** The NodeProto it was read from; written back byte for byte while nothing changed. */
    readonly origin?: WireMessage,
  ) {}

  /** Stable id of this layer: scope path + node name, or the first output's name. Recipes, statistics and reports use it. */
  get id(): string {
    const own = this.name !== '' ? this.name : (this.outputs.find((value) => value)?.name ?? this.op);
    return this.graph.path + own;
  }

  /** True for operator `op` of the standard domain. */
  isStandard(op: string): boolean {
    return this.domain === '' && this.op === op;
  }

  /** `domain::op`, or the bare op in the standard domain. */
  get kind(): string {
    return this.domain === '' ? this.op : `${this.domain}::${this.op}`;
  }

  /** The value in input slot `index`; undefined when it is absent. */
  input(index: number): Value | undefined {
    return this.inputs[index];
  }

  /** Output 0, which all operators with a result have. */
  get output(): Value {
    const value = this.outputs[0];
    if (!value) throw new Error(`node ${this.id}: output 0 is unused`);
    return value;
  }

  /** True when attribute `name` is given. */
  has(name: string): boolean {
    return this.attributes.has(name);
  }

  /** Attribute `name` as a safe integer, or `fallback` (the standard's default) when absent. */
  int<T extends number | undefined>(name: string, fallback: T): number | T {
    const found = this.attributes.get(name);
    return found ? safeInteger(`${this.id}.${name}`, found.as('int')) : fallback;
  }

  /** As `int`, a list. */
  ints<T extends readonly number[] | undefined>(name: string, fallback: T): readonly number[] | T {
    const found = this.attributes.get(name);
    return found ? found.as('ints').map((value) => safeInteger(`${this.id}.${name}`, value)) : fallback;
  }

  /** Bounds of a Slice: as `ints`, but INT64_MAX and the like, which mean "to the end", are clamped to ±(2^53 - 1). */
  bounds(name: string): readonly number[] | undefined {
    const far = Number.MAX_SAFE_INTEGER;
    return this.attributes
      .get(name)
      ?.as('ints')
      .map((value) => Math.min(Math.max(Number(value), -far), far));
  }

  /** Attribute `name` as a float32 number, or `fallback`. */
  float<T extends number | undefined>(name: string, fallback: T): number | T {
    return this.attributes.get(name)?.as('float') ?? fallback;
  }

  /** As `float`, a list. */
  floats<T extends readonly number[] | undefined>(name: string, fallback: T): readonly number[] | T {
    return this.attributes.get(name)?.as('floats') ?? fallback;
  }

  /** Attribute `name` as text, or `fallback`. */
  string<T extends string | undefined>(name: string, fallback: T): string | T {
    const found = this.attributes.get(name);
    return found ? text.decode(found.as('string')) : fallback;
  }

  /** As `string`, a list. */
  strings<T extends readonly string[] | undefined>(name: string, fallback: T): readonly string[] | T {
    const found = this.attributes.get(name);
    return found ? found.as('strings').map((bytes) => text.decode(bytes)) : fallback;
  }

  /** Attribute `name` as a tensor; undefined when it is absent. */
  tensor(name: string): Tensor | undefined {
    return this.attributes.get(name)?.as('tensor');
  }

  /** Attribute `name` as a graph; undefined when it is absent. */
  subgraph(name: string): Graph | undefined {
    return this.attributes.get(name)?.as('graph');
  }

  /** All subgraphs, in attribute order (If: then_branch and else_branch; Loop, Scan: body). */
  subgraphs(): Graph[] {
    const found: Graph[] = [];
    for (const item of this.attributes.values()) found.push(...item.graphs());
    return found;
  }

  /** The tensor of a Constant node, whichever attribute carries it; undefined for sparse and opaque values. */
  constantTensor(): Tensor | undefined {
    const [item] = this.attributes.values();
    if (this.attributes.size !== 1 || !item) return undefined;
    const content = item.content;
    switch (`${item.name}:${content.type}`) {
      case 'value:tensor':
        return item.as('tensor');
      case 'value_float:float':
        return Tensor.scalar('float32', item.as('float'));
      case 'value_floats:floats':
        return Tensor.fromNumbers('float32', [item.as('floats').length], item.as('floats'));
      case 'value_int:int':
        return Tensor.scalar('int64', item.as('int'));
      case 'value_ints:ints':
        return Tensor.fromNumbers('int64', [item.as('ints').length], item.as('ints'));
      case 'value_string:string':
        return Tensor.ofStrings([], [item.as('string')]);
      case 'value_strings:strings':
        return Tensor.ofStrings([item.as('strings').length], item.as('strings'));
      default:
        return undefined;
    }
  }
}
