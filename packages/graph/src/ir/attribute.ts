import { GossamerError } from '../errors.js';
import type { WireMessage } from '../wire/wire-message.js';
import type { Graph } from './graph.js';
import type { Tensor } from './tensor.js';

/** What each kind of attribute holds (AttributeProto.type). Integers are numbers where safe, else bigints. */
export interface AttributeContents {
  readonly float: number;
  readonly int: number | bigint;
  readonly string: Uint8Array;
  readonly tensor: Tensor;
  readonly graph: Graph;
  readonly floats: readonly number[];
  readonly ints: readonly (number | bigint)[];
  readonly strings: readonly Uint8Array[];
  readonly tensors: readonly Tensor[];
  readonly graphs: readonly Graph[];
}

/** The value of an attribute with its kind. */
export type AttributeValue =
  | {
      [T in keyof AttributeContents]: { readonly type: T; readonly value: AttributeContents[T] };
    }[keyof AttributeContents]
  /** Sparse tensors, type protos and newer kinds: known by their wire bytes only. */
  | { readonly type: 'opaque' }
  /** Inside a function body: takes the value of the call's attribute `refName`, which is of kind `valueType` where the file says so. */
  | { readonly type: 'reference'; readonly refName: string; readonly valueType?: keyof AttributeContents };

/** The kinds of attributes. */
export type AttributeType = AttributeValue['type'];

/** A named attribute of a node; immutable (its graphs are edited through the graph itself), decoded on first use. */
export class Attribute {
  #content: AttributeValue | undefined;
  readonly #decode: (() => AttributeValue) | undefined;

  constructor(
    readonly name: string,
    content: AttributeValue | (() => AttributeValue),
    /** The AttributeProto it was read from; written back byte for byte while it is in use. */
    readonly origin?: WireMessage,
  ) {
    if (typeof content === 'function') this.#decode = content;
    else this.#content = content;
  }

  /** The value with its kind, decoded when first asked for. */
  get content(): AttributeValue {
    this.#content ??= this.#decode!();
    return this.#content;
  }

  /** The value when the kind is `type`; throws ERR_ATTRIBUTE_TYPE otherwise. */
  as<T extends keyof AttributeContents>(type: T): AttributeContents[T] {
    const content: AttributeValue = this.content;
    if (content.type !== type || !('value' in content)) {
      throw new GossamerError(
        'ERR_ATTRIBUTE_TYPE',
        `attribute ${this.name}: expected ${type}, received ${content.type}`,
      );
    }
    return content.value as AttributeContents[T];
  }

  /** The subgraphs this attribute holds (none for most). */
  graphs(): readonly Graph[] {
    const { content } = this;
    if (content.type === 'graph') return [content.value];
    return content.type === 'graphs' ? content.value : [];
  }
}

/** Makes attribute values by kind: `attribute.ints([1, 1])`, `attribute.float(1e-5)`. */
export const attribute = {
  int: (value: number | bigint): AttributeValue => ({ type: 'int', value }),
  ints: (value: readonly (number | bigint)[]): AttributeValue => ({ type: 'ints', value }),
  float: (value: number): AttributeValue => ({ type: 'float', value: Math.fround(value) }),
  floats: (value: readonly number[]): AttributeValue => ({ type: 'floats', value: value.map(Math.fround) }),
  string: (value: string): AttributeValue => ({ type: 'string', value: new TextEncoder().encode(value) }),
  strings: (value: readonly string[]): AttributeValue => ({
    type: 'strings',
    value: value.map((text) => new TextEncoder().encode(text)),
  }),
  tensor: (value: Tensor): AttributeValue => ({ type: 'tensor', value }),
  graph: (value: Graph): AttributeValue => ({ type: 'graph', value }),
} as const;

/** A number that must be a safe integer; throws ERR_INT_RANGE. */
export function safeInteger(name: string, value: number | bigint): number {
  const integer = Number(value);
  if (Number.isSafeInteger(integer)) return integer;
  throw new GossamerError('ERR_INT_RANGE', `${name}: expected |value| < 2^53, received ${value}`);
}
