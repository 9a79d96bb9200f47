import type { Model } from '@gossamer/graph';
import type { Calibration } from '@gossamer/runtime';
import { nameLayer } from '../name-layer.js';
import { readAhead } from '../read-ahead.js';
import type { LayerReport, ReportBuilder } from '../report.js';
import type { ResolvedOptions } from '../resolved-options.js';
import { codeBounds, maySaturate } from '../saturation/code-bounds.js';
import type { CodeStore } from '../weights/code-store.js';
import { WeightReader } from '../weights/weight-reader.js';
import { isWide } from './choose-units.js';
import { QdqEmitter } from './emit-qdq.js';
import { QOperatorEmitter } from './emit-qoperator.js';
import { type LearnedCodes, learnCodes } from './learn-codes.js';
import type { StaticPlan } from './static-plan.js';
import { unitForm } from './unit-form.js';
import { quantizeUnitWeights, type UnitWeights } from './unit-weights.js';
import type { Unit } from './unit.js';

/** The weights of all units, by the algorithm that was asked for. */
export async function learnWeights(model: Model, plan: StaticPlan, options: ResolvedOptions): Promise<LearnedCodes> {
  const reader = new WeightReader(options.signal);
  const rounded = new Map<Unit, UnitWeights>();
  for (const unit of plan.units) {
    if (!unit.weight) continue;
    const { scale } = plan.params(plan.inputs.get(unit)![0]!);
    rounded.set(
      unit,
      await nameLayer(unit.node.id, quantizeUnitWeights(unit, scale, { ...unitForm(options, unit.node), reader })),
    );
  }
  return learnCodes(model, rounded, options);
}

/** Rewrites the planned units. */
export async function emitStatic(
  plan: StaticPlan,
  calibration: Calibration,
  options: ResolvedOptions,
  store: CodeStore,
  report: ReportBuilder,
  learned?: LearnedCodes,
): Promise<void> {
  const reader = new WeightReader(options.signal);
  const emitter = options.format === 'qdq' ? new QdqEmitter(plan, store) : new QOperatorEmitter(plan, store);
  const reduced = new Set<Unit>();
  const prepare = async (unit: Unit) => {
    const [input] = plan.inputs.get(unit)!;
    if (!unit.weight) return undefined;
    const known = learned?.weights.get(unit);
    if (known) return known;
    const params = plan.params(input!);
    const weights = { ...unitForm(options, unit.node), reader };
    const full = await nameLayer(unit.node.id, quantizeUnitWeights(unit, params.scale, weights));
    if (options.reduceRange !== 'auto' || !maySaturate(unit, full, codeBounds(input!, params, calibration)))
      return full;
    reduced.add(unit);
    return quantizeUnitWeights(unit, params.scale, { ...weights, reduceRange: true });
  };
  let done = 0;
  for await (const [unit, quantized] of readAhead(plan.units, prepare)) {
    options.signal?.throwIfAborted();
    // Before the edit: names of removed nodes change.
    const { id, kind } = unit.node;
    const fate = unitFate(unit, options);
    const after = emitter.emit(unit, quantized);
    const note = learned?.notes.get(unit);
    const reason = note
      ? `${fate.reason}; ${note}`
      : reduced.has(unit)
        ? `${fate.reason}; weights in 7 bits, or sums could saturate`
        : fate.reason;
    report.layer({ id, kind }, { ...fate, reason, bytes: { before: unitBytes(unit), after } });
    options.onProgress?.({ stage: 'quantize', done: ++done, total: plan.units.length });
  }
}

/** Of the weight as the float model stores it. */
export function unitBytes({ weight }: Unit): number {
  return weight ? weight.stored.byteLength : 0;
}

type Fate = Pick<LayerReport, 'action' | 'reason' | 'merged'>;

/** What the report says of a unit. */
export function unitFate({ kind, node, biasAdd, clip }: Unit, options: ResolvedOptions): Fate {
  const { activations } = options;
  const nodes = [biasAdd, clip].filter((item) => item !== undefined);
  const isCompute = kind === 'compute';
  const action = isWide(activations) ? 'weight-only' : 'quantized';
  const stored = isCompute && unitForm(options, node).bits === 4 ? ', weights stored in 4 bits' : '';
  const runs = isWide(activations) ? '16-bit activations, computed in float' : 'runs as an integer kernel';
  const reason = kind === 'move' ? `passes ${isWide(activations) ? 16 : 8}-bit codes on` : `${runs}${stored}`;
  if (nodes.length === 0) return { action, reason };
  return {
    action,
    reason: `${reason}, with ${nodes.map(({ op }) => op).join(' and ')}`,
    merged: nodes.map(({ id }) => id),
  };
}
