import { type DType, dtypeCode } from '../../dtype.js';
import { GossamerError } from '../../errors.js';
import { inferTypes } from '../../inference/index.js';
import { hasRule } from '../../inference/registry.js';
import type { TypeTable } from '../../inference/type-table.js';
import { attribute, type AttributeValue } from '../../ir/attribute.js';
import type { Graph } from '../../ir/graph.js';
import type { Model } from '../../ir/model.js';
import type { Node } from '../../ir/node.js';
import type { Position } from '../../ir/node-spec.js';
import type { Use, Value } from '../../ir/value.js';
import type { ValueType } from '../../ir/value-type.js';
import { bypass } from '../bypass.js';
import { runPasses } from '../run-passes.js';
import { widenTensor } from './widen-tensor.js';

/** The types that are widened. */
const NARROW: ReadonlySet<DType | undefined> = new Set(['float16', 'bfloat16']);

export interface Float32Result {
  readonly model: Model;
  /** Nodes that computed in float16 or bfloat16 and now compute in float32. */
  readonly widened: number;
  /** Nodes that still compute in float16 or bfloat16, by id, each with the reason. */
  readonly kept: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

/**
 * A clone of `model` that computes in float32 what it computed in float16 or bfloat16. Weights are the same numbers (read when they are
 * asked for), inputs and outputs keep their types and names behind Casts, Casts between float types that only rounded are gone. So
 * outputs differ from those of the original by its roundings to float16 (2^-11 relative for each operator; none where the runtime computes
 * float16 in float32 anyway), and where its numbers passed 65504. Operators of other domains without a rule, function calls and sequences
 * keep their types, with Casts around them.
 *
 * Throws ERR_FLOAT32 for control flow over sequences of float16.
 */
export function convertFloat32(model: Model): Float32Result {
  const { model: copy, warnings } = runPasses(model, ['inputs-to-initializers', 'constants-to-initializers']);
  const widener = new Widener(copy, inferTypes(copy));
  for (const scope of copy.graph.scopes()) widener.choose(scope);
  for (const scope of [...copy.graph.scopes()]) widener.widen(scope);
  widener.rewrite();
  return {
    model: runPasses(copy, ['eliminate-dead-code']).model,
    widened: widener.count,
    kept: widener.kept,
    warnings,
  };
}

class Widener {
  readonly kept = new Map<string, string>();
  readonly #widened: Node[] = [];
  readonly #keptNodes = new Set<Node>();
  /** Casts that were between float types. */
  readonly #casts: Node[] = [];

  constructor(
    private readonly model: Model,
    private readonly types: TypeTable,
  ) {}

  /** Nodes that were widened, Casts that went not among them. */
  get count(): number {
    return this.#widened.length - this.#casts.length;
  }

  /** Decides which nodes of a scope keep their types. */
  choose(scope: Graph): void {
    for (const node of scope.nodes()) {
      if (![...node.inputs, ...node.outputs].some((value) => value && holdsNarrow(this.types.typeOf(value)))) continue;
      const reason = this.#refuse(node);
      if (reason === undefined) {
        this.#widened.push(node);
        if (this.#isFloatCast(node)) this.#casts.push(node);
        continue;
      }
      if (node.subgraphs().length > 0) {
        throw new GossamerError(
          'ERR_FLOAT32',
          `node ${node.id} (${node.kind}): expected control flow over tensors, received ${reason}`,
        );
      }
      this.#keptNodes.add(node);
      this.kept.set(node.id, reason);
    }
  }

  #isFloatCast(node: Node): boolean {
    const dtypes = [node.inputs[0], node.outputs[0]].map((value) => value && this.types.dtypeOf(value));
    const areFloats = dtypes.every((dtype) => dtype === 'float32' || NARROW.has(dtype));
    return (node.isStandard('Cast') || node.isStandard('CastLike')) && areFloats;
  }

  #refuse(node: Node): string | undefined {
    if (this.model.function(node.domain, node.op, node.overload)) return 'a function, whose body keeps its types';
    if (!hasRule(node.op, node.domain)) return 'an operator whose types are not known';
    if (node.isStandard('BitCast')) return 'an operator on bits';
    if (node.isStandard('Constant') && node.has('sparse_value')) return 'a sparse constant';
    for (const value of [...node.inputs, ...node.outputs]) {
      const type = value && this.types.typeOf(value);
      if (value && (!type || (type.kind === 'tensor' && !type.dtype))) return `${value.name}, of unknown type`;
      if (type && type.kind !== 'tensor' && holdsNarrow(type)) return `${value!.name}, a ${type.kind} of float16`;
    }
    return undefined;
  }

  /** Makes every narrow tensor of a scope float32, but for the contract and what nodes that keep their types make. */
  widen(scope: Graph): void {
    const isMain = scope === this.model.graph;
    for (const value of [...scope.values()]) {
      if (!this.#isNarrow(value)) continue;
      const isFixed =
        value.sparse !== undefined || (isMain && (value.isInput || (value.initializer && value.isOutput)));
      if (isFixed || (value.producer && this.#keptNodes.has(value.producer))) this.#castUp(value, isMain);
      else this.#retype(value, isMain);
    }
  }

  #isNarrow(value: Value): boolean {
    const type = this.types.typeOf(value);
    return type?.kind === 'tensor' && NARROW.has(type.dtype);
  }

  /** The value stays as it is; its widened readers read a Cast of it. */
  #castUp(value: Value, isMain: boolean): void {
    const readers = value.uses.filter(({ node }) => !this.#keptNodes.has(node));
    const isBodyOutput = value.isOutput && !isMain;
    if (readers.length === 0 && !isBodyOutput) return;
    const wide = cast(value, 'float32', `${value.name}_float32`);
    readers.forEach(({ node, index }) => node.graph.setInput(node, index, wide));
    if (isBodyOutput) value.graph.replaceOutput(value, wide);
  }

  /** The value becomes float32; nodes that keep their types, and the contract, get what it was by a Cast. */
  #retype(value: Value, isMain: boolean): void {
    const { graph, initializer } = value;
    const narrow = this.types.dtypeOf(value)!;
    const isKept = ({ node }: Use) => this.#keptNodes.has(node);
    let wide = value;
    if (isMain && value.isOutput) {
      wide = graph.detachOutput(value, `${value.name}_float32`);
      graph.replaceUses(value, wide, isKept);
      const attributes = { to: attribute.int(dtypeCode(narrow)) };
      graph.add({ op: 'Cast', inputs: [wide], outputs: [value], attributes }, { after: wide.producer! });
      return;
    }
    if (initializer) graph.setInitializer(value, widenTensor(initializer));
    if (value.type) graph.setType(value, widenType(value.type));
    const readers = value.uses.filter(isKept);
    if (readers.length === 0) return;
    const back = cast(wide, narrow, `${value.name}_${narrow}`);
    readers.forEach(({ node, index }) => node.graph.setInput(node, index, back));
  }

  /** What the attributes of widened nodes say of element types; Casts that are from float32 to float32 now go. */
  rewrite(): void {
    for (const node of this.#widened) {
      for (const [name, item] of node.attributes) {
        const content = widenAttribute(node, name, item.content);
        if (content) node.graph.setAttribute(node, name, content);
      }
    }
    for (const node of this.#casts) bypass(node);
  }
}

/** A Cast of `value`, behind what makes it or at the head of its scope. */
function cast(value: Value, dtype: DType, name: string): Value {
  const { graph, producer } = value;
  const [first] = graph.nodes();
  const position: Position = producer ? { after: producer } : first && { before: first };
  const attributes = { to: attribute.int(dtypeCode(dtype)) };
  return graph.add({ op: 'Cast', inputs: [value], outputs: [name], attributes }, position).output;
}

function holdsNarrow(type: ValueType | undefined): boolean {
  switch (type?.kind) {
    case 'tensor':
    case 'sparse-tensor':
      return NARROW.has(type.dtype);
    case 'sequence':
    case 'optional':
      return holdsNarrow(type.element);
    case 'map':
      return holdsNarrow(type.value);
    default:
      return false;
  }
}

const widenType = (type: ValueType): ValueType =>
  type.kind === 'tensor' && NARROW.has(type.dtype) ? { ...type, dtype: 'float32' } : type;

/** Attributes that name an element type to compute or to return. */
const TYPE_ATTRIBUTES: ReadonlySet<string> = new Set([
  'dtype',
  'output_datatype',
  'output_dtype',
  'precision',
  'softmax_precision',
  'stash_type',
  'to',
]);
const NARROW_CODES: ReadonlySet<number> = new Set([dtypeCode('float16'), dtypeCode('bfloat16')]);

function widenAttribute(node: Node, name: string, content: AttributeValue): AttributeValue | undefined {
  if (content.type === 'tensor' && NARROW.has(content.value.dtype)) return attribute.tensor(widenTensor(content.value));
  const isType = node.domain === '' && TYPE_ATTRIBUTES.has(name) && content.type === 'int';
  return isType && NARROW_CODES.has(Number(content.value)) ? attribute.int(dtypeCode('float32')) : undefined;
}
