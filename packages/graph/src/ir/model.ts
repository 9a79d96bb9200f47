import type { Attribute } from './attribute.js';
import type { WireMessage } from '../wire/wire-message.js';
import { cloneGraph } from './clone.js';
import type { Graph } from './graph.js';

/** A model-local function (FunctionProto). Its body is a graph whose inputs and outputs have no types. */
export interface FunctionDefinition {
  readonly domain: string;
  readonly name: string;
  readonly overload: string;
  readonly body: Graph;
  /** Domain -> version, for the body. */
  readonly opsets: ReadonlyMap<string, number>;
  /** Names of the attributes a call must give (FunctionProto.attribute). Default: none. */
  readonly attributes?: readonly string[];
  /** Attributes a call may give, by name, with the values they have where it does not (attribute_proto). Default: none. */
  readonly defaults?: ReadonlyMap<string, Attribute>;
  readonly origin: WireMessage | undefined;
}

/** What a model is made of. */
export interface ModelFields {
  readonly irVersion: number;
  readonly opsets: ReadonlyMap<string, number>;
  readonly graph: Graph;
  readonly functions?: readonly FunctionDefinition[];
  readonly metadata?: ReadonlyMap<string, string>;
  readonly producerName?: string;
  readonly producerVersion?: string;
  readonly warnings?: readonly string[];
  readonly origin?: WireMessage | undefined;
  readonly path?: string | undefined;
}

/**
 * A model: main graph, functions, opsets, metadata. Methods that compress take one and return another (`clone()`, then edits of the
 * clone), sharing every untouched tensor; the input never changes.
 */
export class Model {
  irVersion: number;
  /** Domain ('' is the standard) -> version. */
  readonly opsets: Map<string, number>;
  readonly graph: Graph;
  readonly functions: FunctionDefinition[];
  /** metadata_props, in file order. */
  readonly metadata: Map<string, string>;
  producerName: string;
  producerVersion: string;
  /** What reading (and each method since) could not do or had to assume, each with its reason. */
  readonly warnings: string[];
  /** The ModelProto it was read from. */
  readonly origin: WireMessage | undefined;
  /** The file it was read from; external data lie beside it. */
  readonly path: string | undefined;

  constructor(fields: ModelFields) {
    this.irVersion = fields.irVersion;
    this.opsets = new Map(fields.opsets);
    this.graph = fields.graph;
    this.functions = [...(fields.functions ?? [])];
    this.metadata = new Map(fields.metadata);
    this.producerName = fields.producerName ?? 'gossamer';
    this.producerVersion = fields.producerVersion ?? '';
    this.warnings = [...(fields.warnings ?? [])];
    this.origin = fields.origin;
    this.path = fields.path;
  }

  /** Version of the standard operator set. */
  get opset(): number {
    return this.opsets.get('') ?? 1;
  }

  /** An independent copy of the structure; tensors, and the bytes of what stays untouched, are shared. */
  clone(): Model {
    return new Model({
      ...this,
      graph: cloneGraph(this.graph),
      functions: this.functions.map((definition) => ({ ...definition, body: cloneGraph(definition.body) })),
    });
  }

  /** Every scope: the main graph, its subgraphs, then function bodies and theirs. */
  *scopes(): IterableIterator<Graph> {
    yield* this.graph.scopes();
    for (const definition of this.functions) yield* definition.body.scopes();
  }

  /** Looks a function up by domain, name and overload. */
  function(domain: string, name: string, overload = ''): FunctionDefinition | undefined {
    return this.functions.find((f) => f.domain === domain && f.name === name && f.overload === overload);
  }
}
