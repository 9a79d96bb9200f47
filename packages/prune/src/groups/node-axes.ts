import type { Dim, Node, Tensor, TypeTable, Value } from '@gossamer/graph';
import type { AxisCells } from './axis-cells.js';
import type { Candidate, Choice } from './choice.js';
import type { FrozenAxis, UnitKind } from './prune-group.js';

/** What rules find beside ties. */
export interface Findings {
  /** Axes of constants whose elements make an output element: to be zeroed when it is masked. */
  readonly masked: { readonly node: Node; readonly value: Value; readonly axis: number }[];
  /** Features of layers that no rule was followed for. */
  readonly left: FrozenAxis[];
  readonly choices: Choice[];
  readonly kinds: { readonly value: Value; readonly axis: number; readonly kind: UnitKind }[];
  /** Which input axes an output axis continues, by node. */
  readonly links: Map<
    Node,
    { readonly from: Value; readonly fromAxis: number; readonly to: Value; readonly toAxis: number }[]
  >;
}

/** Element `from[i]` of one axis goes with element `to[i]` of another. */
export interface ElementMap {
  readonly from: Int32Array;
  readonly to: Int32Array;
}

/** What a rule sees of its node and how it ties axes. An axis of the node's values that it does not mention is frozen. */
export class NodeAxes {
  readonly #touched = new Map<Value, Set<number>>();

  constructor(
    readonly node: Node,
    readonly opset: number,
    readonly allowInexact: boolean,
    private readonly cells: AxisCells,
    private readonly types: TypeTable,
    private readonly findings: Findings,
  ) {}

  shape(value: Value): readonly Dim[] | undefined {
    return this.cells.shapeOf(value);
  }

  rank(value: Value): number {
    return this.shape(value)?.length ?? 0;
  }

  length(value: Value, axis: number): number | undefined {
    return this.cells.length(value, axis);
  }

  /** The tensor of a constant input. */
  constant(index: number): Tensor | undefined {
    return this.node.input(index)?.constant;
  }

  /** Contents of a small integer input as far as known, computed ones included. */
  data(index: number): readonly Dim[] | undefined {
    const value = this.node.input(index);
    return value && this.types.dataOf(value);
  }

  /** The axis counted from the front. */
  axis(value: Value, axis: number): number {
    return axis < 0 ? axis + this.rank(value) : axis;
  }

  /** Ties two axes element by element; where one has no fixed length, or another one, both stay. */
  tie(a: Value, aAxis: number, b: Value, bAxis: number): void {
    const [x, y] = [this.length(a, aAxis), this.length(b, bAxis)];
    if (x === undefined || x !== y) return;
    this.link(a, aAxis, b, bAxis);
    for (let i = 0; i < x; i++) this.cells.union(this.cells.cell(a, aAxis, i), this.cells.cell(b, bAxis, i));
  }

  /** Ties elements of two axes by an explicit map; where it does not fit their lengths, both stay. */
  tieBy(a: Value, aAxis: number, b: Value, bAxis: number, { from, to }: ElementMap): void {
    const isWithin = (map: Int32Array, length = 0) => map.every((i) => i >= 0 && i < length);
    if (!isWithin(from, this.length(a, aAxis)) || !isWithin(to, this.length(b, bAxis))) return;
    this.link(a, aAxis, b, bAxis);
    for (let i = 0; i < from.length; i++) {
      this.cells.union(this.cells.cell(a, aAxis, from[i]!), this.cells.cell(b, bAxis, to[i]!));
    }
  }

  /** The axis may shrink as far as this node is concerned. */
  pass(value: Value, axis: number): void {
    const touched = this.#touched.get(value) ?? new Set();
    this.#touched.set(value, touched.add(axis));
  }

  freeze(value: Value, axis: number): void {
    this.cells.freezeAxis(value, axis, this.reason(axis));
  }

  freezeElement(value: Value, axis: number, index: number): void {
    this.cells.freeze(this.cells.cell(value, axis, index), this.reason(axis));
  }

  /** Says that removing elements changes what is left (statistics of a norm). */
  inexact(value: Value, axis: number): void {
    const length = this.length(value, axis) ?? 0;
    const reason = `${this.node.id} (${this.node.kind}): statistics over what is removed change`;
    for (let i = 0; i < length; i++) this.cells.markInexact(this.cells.cell(value, axis, i), reason);
  }

  /** Elements of this axis of a constant make output elements. */
  masks(value: Value, axis: number): void {
    this.findings.masked.push({ node: this.node, value, axis });
  }

  kind(value: Value, axis: number, kind: UnitKind): void {
    this.findings.kinds.push({ value, axis, kind });
  }

  /** Ways that exclude each other, best first; settled when everything certain is tied. */
  choose(ways: readonly Way[]): void {
    const candidates = ways.map((way): Candidate => {
      for (const { a, aAxis, b, bAxis } of way.ties) this.link(a, aAxis, b, bAxis);
      for (const [value, axis] of way.frozen) this.pass(value, axis);
      return { pairs: () => this.pairsOf(way), frozen: way.frozen };
    });
    this.findings.choices.push({
      candidates,
      reason: `${this.node.id} (${this.node.kind}): no axis can shrink evenly`,
    });
  }

  /** Freezes what the rule did not mention. */
  close(): void {
    for (const value of [...this.node.inputs, ...this.node.outputs]) {
      if (!value) continue;
      this.shape(value)?.forEach((_, axis) => {
        if (!this.#touched.get(value)?.has(axis)) this.cells.freezeAxis(value, axis, this.reason(axis));
      });
    }
  }

  private reason(axis: number): string {
    return `${this.node.id} (${this.node.kind}): axis ${axis} cannot shrink`;
  }

  private pairsOf({ ties }: Way): { a: Int32Array; b: Int32Array } {
    const [a, b]: [number[], number[]] = [[], []];
    for (const { map, ...tie } of ties) {
      const { from, to } = map();
      for (let i = 0; i < from.length; i++) {
        a.push(this.cells.cell(tie.a, tie.aAxis, from[i]!));
        b.push(this.cells.cell(tie.b, tie.bAxis, to[i]!));
      }
    }
    return { a: Int32Array.from(a), b: Int32Array.from(b) };
  }

  private link(a: Value, aAxis: number, b: Value, bAxis: number): void {
    this.pass(a, aAxis);
    this.pass(b, bAxis);
    const links = this.findings.links.get(this.node) ?? [];
    this.findings.links.set(this.node, links);
    links.push({ from: a, fromAxis: aAxis, to: b, toAxis: bAxis });
  }
}

/** One way of several: maps between axes, and the axes that then keep their length. */
export interface Way {
  readonly ties: readonly {
    readonly a: Value;
    readonly aAxis: number;
    readonly b: Value;
    readonly bAxis: number;
    readonly map: () => ElementMap;
  }[];
  readonly frozen: readonly (readonly [value: Value, axis: number])[];
}
