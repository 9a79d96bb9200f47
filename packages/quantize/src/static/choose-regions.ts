import type { Node, Value } from '@gossamer/graph';
import { dequantizeCost, quantizeCost, strandedMaxPoolCost, unitCost } from './cost-table.js';
import type { RuleContext } from './integer-rules.js';
import { MinCut } from './min-cut.js';
import type { Unit } from './unit.js';

/** The units that run in integers, and why the others do not. */
export interface Regions {
  readonly integer: ReadonlySet<Unit>;
  readonly reasons: ReadonlyMap<Unit, string>;
}

/**
 * Chooses the units to run in integers so that estimated time is least: a unit's own cost, plus quantizing every value that enters
 * an integer region and dequantizing every value that leaves one. The exact optimum, as a minimum cut; ties stay in float.
 */
export function chooseRegions(units: readonly Unit[], context: RuleContext): Regions {
  const cut = new MinCut();
  const vertexOf = new Map(units.map((unit) => [unit, cut.vertex()] as const));
  const ownerOf = new Map<Node, Unit>();
  for (const unit of units) {
    for (const node of unitNodes(unit)) ownerOf.set(node, unit);
    const { float, integer } = unitCost(unit, context);
    cut.preferSource(vertexOf.get(unit)!, float);
    cut.preferSink(vertexOf.get(unit)!, integer);
  }
  for (const value of crossableValues(units)) addCrossing(cut, value, ownerOf, vertexOf, context);
  for (const unit of units) if (unit.node.op === 'MaxPool') addStranding(cut, unit, ownerOf, vertexOf, context);
  const sides = cut.solve();
  const integer = new Set(units.filter((unit) => sides[vertexOf.get(unit)!]));
  const reasons = new Map<Unit, string>();
  for (const unit of units) if (!integer.has(unit)) reasons.set(unit, whyNot(unit, context));
  return { integer: dropIdleMoves(integer, ownerOf, reasons), reasons };
}

export function unitNodes({ node, biasAdd, clip }: Unit): Node[] {
  return [node, biasAdd, clip].filter((item): item is Node => item !== undefined);
}

/** Values at the borders of units: what they read and what they make. */
export function crossableValues(units: Iterable<Unit>): Set<Value> {
  const values = new Set<Value>();
  for (const unit of units) {
    for (const slot of unit.slots) {
      const value = unit.node.input(slot);
      if (value && !value.constant) values.add(value);
    }
    for (const output of unit.outputs) values.add(output);
  }
  return values;
}

function addCrossing(
  cut: MinCut,
  value: Value,
  ownerOf: ReadonlyMap<Node, Unit>,
  vertexOf: ReadonlyMap<Unit, number>,
  context: RuleContext,
): void {
  const producer = value.producer && ownerOf.get(value.producer);
  const integerReaders: number[] = [];
  let hasFloatReader = value.isOutput;
  for (const { node, index } of value.uses) {
    const unit = ownerOf.get(node);
    if (unit && node === unit.node && unit.slots.includes(index)) integerReaders.push(vertexOf.get(unit)!);
    else hasFloatReader = true;
  }
  const enter = quantizeCost(value, context);
  if (producer) {
    // Source side: integer. `quantized` follows its readers, `dequantized` is forced to float by any float reader.
    const from = vertexOf.get(producer)!;
    const quantized = cut.vertex();
    cut.edge(quantized, from, enter);
    for (const reader of integerReaders) cut.edge(reader, quantized, Infinity);
    const leave = producer.canGiveFloat ? 0 : dequantizeCost(value, context);
    const dequantized = cut.vertex();
    cut.edge(from, dequantized, leave);
    for (const reader of integerReaders) cut.edge(dequantized, reader, Infinity);
    if (hasFloatReader) cut.preferSink(dequantized, Infinity);
    return;
  }
  const quantized = cut.vertex();
  cut.preferSink(quantized, enter);
  for (const reader of integerReaders) cut.edge(reader, quantized, Infinity);
}

function addStranding(
  cut: MinCut,
  pool: Unit,
  ownerOf: ReadonlyMap<Node, Unit>,
  vertexOf: ReadonlyMap<Unit, number>,
  context: RuleContext,
): void {
  const cost = strandedMaxPoolCost(pool, context);
  const producer = pool.node.input(0)?.producer;
  const from = producer && ownerOf.get(producer);
  for (const { node } of pool.node.output.uses) {
    const reader = ownerOf.get(node);
    if (!reader) continue;
    if (from) cut.edge(vertexOf.get(reader)!, vertexOf.get(from)!, cost);
    else cut.preferSink(vertexOf.get(reader)!, cost);
  }
}

function whyNot(unit: Unit, context: RuleContext): string {
  const { float, integer } = unitCost(unit, context);
  if (integer >= float)
    return `its integer kernel is not faster than its float one, and its neighbours gain nothing by it`;
  return 'quantizing and dequantizing around it would cost more than its integer kernel saves';
}

/** A chain of moves and cheap arithmetic without any product in it gains nothing worth the rounding. */
function dropIdleMoves(
  integer: ReadonlySet<Unit>,
  ownerOf: ReadonlyMap<Node, Unit>,
  reasons: Map<Unit, string>,
): ReadonlySet<Unit> {
  const kept = new Set<Unit>();
  const seen = new Set<Unit>();
  for (const start of integer) {
    if (seen.has(start)) continue;
    const region = [start];
    seen.add(start);
    for (const unit of region) {
      for (const next of neighbours(unit, ownerOf)) {
        if (!integer.has(next) || seen.has(next)) continue;
        seen.add(next);
        region.push(next);
      }
    }
    const hasProduct = region.some((unit) => unit.kind === 'compute');
    for (const unit of region) {
      if (hasProduct) kept.add(unit);
      else reasons.set(unit, 'no integer convolution or product is next to it');
    }
  }
  return kept;
}

function* neighbours(unit: Unit, ownerOf: ReadonlyMap<Node, Unit>): Iterable<Unit> {
  for (const slot of unit.slots) {
    const producer = unit.node.input(slot)?.producer;
    const owner = producer && ownerOf.get(producer);
    if (owner) yield owner;
  }
  for (const output of unit.outputs) {
    for (const { node } of output.uses) {
      const owner = ownerOf.get(node);
      if (owner) yield owner;
    }
  }
}
