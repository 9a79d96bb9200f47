import type { WireMessage } from '../wire/wire-message.js';
import type { AttributeValue } from './attribute.js';
import type { Node, Slots } from './node.js';
import type { Value } from './value.js';

/** What `Graph.add` makes. An output is given by its name (made unique when taken), a value declared before, or undefined for "". */
export interface NodeSpec {
  readonly op: string;
  readonly domain?: string;
  readonly name?: string;
  readonly overload?: string;
  readonly inputs: Slots;
  readonly outputs: readonly (string | Value | undefined)[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly origin?: WireMessage;
}

/** Where a new node goes: before or after a node, or at the end. */
export type Position = { readonly before: Node } | { readonly after: Node } | undefined;
