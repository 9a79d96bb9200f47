import { dtypeCode } from '../../dtype.js';
import { inferTypes } from '../../inference/index.js';
import type { TypeTable } from '../../inference/type-table.js';
import { attribute } from '../../ir/attribute.js';
import type { Model } from '../../ir/model.js';
import type { Node } from '../../ir/node.js';
import type { Value } from '../../ir/value.js';
import { runPasses } from '../run-passes.js';
import { isBatchTranspose } from './batch-transpose.js';
import { bodyLinks } from './body-links.js';
import { BOUNDED_OPERATORS, GROWING_OPERATORS, HALF_OPERATORS, MOVING_OPERATORS } from './half-operators.js';
import { narrowTensor } from './narrow-tensor.js';

/** Largest finite float16. */
const LARGEST_HALF = 65504;
/** Smallest float16 with all its digits. */
const LEAST_NORMAL_HALF = 2 ** -14;

export interface Float16Options {
  /** Largest magnitude that values take, by scope path + name, e.g. from calibration. What is not in it is judged by its operators alone. */
  readonly largest?: ReadonlyMap<string, number>;
  /** Nodes that stay in float32 whatever their numbers. Default: none. */
  readonly keep?: (node: Node) => boolean;
}

export interface Float16Result {
  readonly model: Model;
  /** Nodes that compute in float32, by id, each with the reason. */
  readonly kept: ReadonlyMap<string, string>;
}

/**
 * A clone of `model` that computes and stores in float16 where it can. Inputs and outputs keep float32 and their names, Casts stand at the
 * borders. Islands of float32 remain: operators without a float16 form, and whatever holds numbers beyond 65504, as constants, ranges or
 * the operator show, up to an operator whose results are bounded (the mask of an attention, up to its Softmax). Function bodies stay.
 */
export function convertFloat16(model: Model, options: Float16Options = {}): Float16Result {
  const { model: copy } = runPasses(model, ['constants-to-initializers']);
  const converter = new Converter(inferTypes(copy), options);
  converter.markWide(copy);
  for (const scope of [...copy.graph.scopes()]) for (const node of [...scope.nodes()]) converter.visit(node);
  converter.removeUnreadCasts();
  return { model: runPasses(copy, ['eliminate-dead-code']).model, kept: converter.kept };
}

class Converter {
  readonly kept = new Map<string, string>();
  /** The float16 form of a float32 value. */
  readonly #half = new Map<Value, Value>();
  /** Values that may hold numbers beyond float16. */
  readonly #wide = new Set<Value>();
  /** Constants that were looked through and hold no such number. */
  readonly #small = new Set<Value>();
  /** Divisors that a tiny constant keeps from 0. */
  readonly #guarded = new Set<Value>();
  readonly #casts: Node[] = [];

  constructor(
    private readonly types: TypeTable,
    private readonly options: Float16Options,
  ) {}

  /**
   * Finds what may pass the range of float16, before anything changes: along the nodes that stay in float32, into bodies, out of them and
   * round their loops, until nothing new is found.
   */
  markWide(model: Model): void {
    const nodes = [...model.graph.scopes()].flatMap((scope) => [...scope.nodes()]);
    let before: number;
    do {
      before = this.#wide.size;
      for (const node of nodes) if (this.#hasFloats(node)) this.#mark(node);
    } while (this.#wide.size > before);
  }

  visit(node: Node): void {
    if (!this.#hasFloats(node)) return;
    const reason = this.#refuse(node);
    if (reason === undefined) {
      if (!MOVING_OPERATORS.has(node.op) || this.#movesHalf(node)) this.#convert(node);
      return;
    }
    // Control flow only hands on what its bodies compute.
    if (node.subgraphs().length === 0) this.kept.set(node.id, reason);
  }

  #hasFloats(node: Node): boolean {
    return [...node.inputs, ...node.outputs].some((value) => value && this.#isFloat(value));
  }

  #mark(node: Node): void {
    for (const [from, to] of bodyLinks(node)) {
      if (this.#isFloat(to) && this.#isWide(from) && !this.#isKnownSmall(to)) this.#wide.add(to);
    }
    if (node.subgraphs().length > 0 || this.#refuse(node) === undefined) return;
    const growsWide = node.inputs.some((value) => value && this.#isWide(value)) && !BOUNDED_OPERATORS.has(node.op);
    for (const value of node.outputs) {
      if (!value || !this.#isFloat(value)) continue;
      const isWide = growsWide || this.#isCount(node) ? !this.#isKnownSmall(value) : this.#isKnownWide(value);
      if (isWide) this.#wide.add(value);
    }
  }

  #movesHalf(node: Node): boolean {
    return node.inputs.some((value) => value && this.#isFloat(value) && (this.#half.has(value) || value.constant));
  }

  /** Numbers that were 32- or 64-bit before: counts, positions, identifiers. */
  #isCount(node: Node): boolean {
    const from = node.input(0) && this.types.dtypeOf(node.input(0)!);
    return node.isStandard('Cast') && from !== undefined && /32$|64$/.test(from) && from !== 'float32';
  }

  #isFloat(value: Value): boolean {
    return this.types.dtypeOf(value) === 'float32';
  }

  #largestOf(value: Value): number | undefined {
    return this.options.largest?.get(value.graph.path + value.name);
  }

  #isKnownSmall(value: Value): boolean {
    const largest = this.#largestOf(value);
    return largest !== undefined && largest <= LARGEST_HALF;
  }

  #isKnownWide(value: Value): boolean {
    const largest = this.#largestOf(value);
    return largest !== undefined && !(largest <= LARGEST_HALF);
  }

  #isWide(value: Value): boolean {
    if (!this.#isFloat(value)) return false;
    if (this.#wide.has(value) || this.#isKnownWide(value)) return true;
    const { constant } = value;
    if (!constant || this.#half.has(value) || this.#small.has(value)) return false;
    const isBeyond = constant.toFloat32().some((x) => Math.abs(x) > LARGEST_HALF);
    (isBeyond ? this.#wide : this.#small).add(value);
    return isBeyond;
  }

  #isTinyConstant(value: Value): boolean {
    const { constant } = value;
    if (!constant || constant.length !== 1 || !this.#isFloat(value) || this.#half.has(value)) return false;
    const magnitude = Math.abs(constant.item());
    return magnitude > 0 && magnitude < LEAST_NORMAL_HALF;
  }

  /** Why a node stays in float32; undefined: it need not. */
  #refuse(node: Node): string | undefined {
    if (this.options.keep?.(node)) return 'kept as asked';
    const slots = HALF_OPERATORS.get(node.kind);
    const results = node.outputs.filter((value): value is Value => value !== undefined && this.#isFloat(value));
    const isSafe = results.length > 0 && results.every((value) => this.#isKnownSmall(value));
    if (!slots && !(node.domain === '' && GROWING_OPERATORS.has(node.op) && isSafe)) {
      return GROWING_OPERATORS.has(node.op) ? `${node.kind} may pass 65504` : `${node.kind} has no float16 form here`;
    }
    if (isBatchTranspose(node)) return 'ONNX Runtime cannot open a float16 product behind a Transpose of the batch';
    const wide = [...node.inputs, ...results].find((value) => value && this.#isWide(value));
    if (wide) return `${wide.name} holds numbers that may pass 65504`;
    const isGuard = node.inputs.some((value) => value && this.#isTinyConstant(value)) && results.some(isDividedBy);
    if (isGuard || node.inputs.some((value) => value && this.#guarded.has(value))) {
      for (const value of results) if (isDividedBy(value)) this.#guarded.add(value);
      return 'a constant below 2^-14, where float16 loses digits, keeps its divisor from 0';
    }
    return undefined;
  }

  #convert(node: Node): void {
    const { graph } = node;
    if (sharesCodesBetweenBranches(node)) graph.setAttribute(node, 'accuracy_level', attribute.int(FLOAT_PRODUCTS));
    const slots = HALF_OPERATORS.get(node.kind) ?? 'all';
    node.inputs.forEach((value, slot) => {
      if (!value || !this.#isFloat(value) || (slots !== 'all' && !slots.includes(slot))) return;
      graph.setInput(node, slot, this.#halfOf(value));
    });
    for (const value of [...node.outputs]) {
      if (!value || !this.#isFloat(value)) continue;
      const half = graph.detachOutput(value, `${value.name}_half`);
      this.#half.set(value, half);
      const attributes = { to: attribute.int(dtypeCode('float32')) };
      this.#casts.push(graph.add({ op: 'Cast', inputs: [half], outputs: [value], attributes }, { after: node }));
    }
  }

  /** Stored in float16 where it is constant, else cast once, in its own scope. */
  #halfOf(value: Value): Value {
    const known = this.#half.get(value);
    if (known) return known;
    const { graph, constant, producer } = value;
    let half: Value;
    if (constant && !producer) {
      half = graph.addInitializer(`${value.name}_half`, narrowTensor(constant));
    } else {
      const [first] = graph.nodes();
      const attributes = { to: attribute.int(dtypeCode('float16')) };
      const spec = { op: 'Cast', inputs: [value], outputs: [`${value.name}_half`], attributes };
      half = graph.add(spec, producer ? { after: producer } : first && { before: first }).output;
    }
    this.#half.set(value, half);
    return half;
  }

  /** Casts back to float32 that nothing needed. */
  removeUnreadCasts(): void {
    for (const cast of this.#casts) {
      const { output, graph } = cast;
      if (output.uses.length === 0 && !output.isOutput) graph.remove(cast);
    }
  }
}

/** accuracy_level of MatMulNBits: products in float32. */
const FLOAT_PRODUCTS = 1;

/**
 * True for products in 8-bit integers (accuracy_level 4) of codes from an outer scope that others read too, as in a merged decoder. In
 * float16 ONNX Runtime 1.30 may give wrong numbers for them, by its prepacking: a T5 of 4 bits was 18 dB from its input in float32, 2 dB in
 * float16, and 18 dB in float16 with accuracy_level 1 or without prepacking.
 */
function sharesCodesBetweenBranches(node: Node): boolean {
  const codes = node.kind === 'com.microsoft::MatMulNBits' ? node.input(1) : undefined;
  return (
    codes !== undefined && node.int('accuracy_level', 0) === 4 && codes.graph !== node.graph && codes.uses.length > 1
  );
}

/** True for what is divided by, or taken to a logarithm or power, itself or its root. */
function isDividedBy(value: Value): boolean {
  const seen = new Set([value]);
  for (const current of seen) {
    for (const { node, index } of current.uses) {
      if (node.domain !== '') continue;
      if ((node.op === 'Div' && index === 1) || ['Log', 'Pow', 'Reciprocal'].includes(node.op)) return true;
      if (node.op === 'Sqrt' || node.op === 'Identity') seen.add(node.output);
    }
  }
  return false;
}
