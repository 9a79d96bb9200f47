import type { ActivationDtype } from '../choices.js';
import { roundHalfEven, type Value } from '@gossamer/graph';

import {
  ACTIVATION_LIMITS,
  activationParams,
  type ActivationParams,
  constantRange,
  paramsRoot,
  type RangeProvider,
} from './activation-params.js';
import { clipBounds } from './integer-rules.js';
import type { Unit } from './unit.js';

/** What to write: the integer units in graph order and the parameters of every value they read or make. */
export interface StaticPlan {
  readonly units: readonly Unit[];
  /** Unit that makes a value in integers. */
  readonly producers: ReadonlyMap<Value, Unit>;
  /** Parameters of `value`, which an integer unit reads or makes. */
  params(value: Value): ActivationParams;
  /** The value whose parameters `value` shares. */
  root(value: Value): Value;
  /** What each unit reads, slot by slot, before anything is rewritten. */
  readonly inputs: ReadonlyMap<Unit, readonly Value[]>;
  /** True when the unit's kernel hands out floats: nothing behind it reads codes. */
  givesFloat(unit: Unit): boolean;
}

/** The values whose statistics a plan of `units` needs: roots of what they read and of what they make as codes. */
export function valuesToCalibrate(units: readonly Unit[]): Value[] {
  const producers = producersOf(units);
  const readers = codeReaders(units);
  const values = new Set<Value>();
  for (const unit of units) {
    for (const value of bordersOf(unit, readers)) {
      const root = paramsRoot(value, producers);
      if (!root.constant) values.add(root);
    }
  }
  return [...values];
}

/**
 * Makes the plan. Units whose values have no usable range are left out, with the reason in `dropped`, and so in turn is every move
 * that depended on them.
 */
export function makeStaticPlan(
  candidates: readonly Unit[],
  rangeOf: RangeProvider,
  dtype: ActivationDtype,
  dropped: Map<Unit, string>,
): StaticPlan {
  let units = [...candidates];
  for (;;) {
    const producers = producersOf(units);
    const readers = codeReaders(units);
    const params = new Map<Value, ActivationParams>();
    const roots = new Map<Value, Value>();
    const bad = new Map<Unit, string>();
    for (const unit of units) {
      for (const value of bordersOf(unit, readers)) {
        const root = paramsRoot(value, producers);
        roots.set(value, root);
        const range = root.constant ? constantRange(root) : rangeOf(root);
        if (range && Number.isFinite(range.min) && Number.isFinite(range.max)) {
          params.set(value, activationParams(range, dtype));
        } else {
          bad.set(unit, 'calibration saw no finite value of what it reads or makes');
        }
      }
      if (!bad.has(unit) && unit.clip && !isSaturation(unit, params, dtype)) {
        bad.set(unit, `the ${unit.clip.op} behind it cuts inside the calibrated range`);
      }
    }
    if (bad.size === 0) return finish(units, producers, readers, params, roots);
    for (const [unit, reason] of bad) dropped.set(unit, reason);
    units = units.filter((unit) => !bad.has(unit));
  }
}

function finish(
  units: readonly Unit[],
  producers: ReadonlyMap<Value, Unit>,
  readers: ReadonlySet<Value>,
  params: ReadonlyMap<Value, ActivationParams>,
  roots: ReadonlyMap<Value, Value>,
): StaticPlan {
  return {
    units,
    producers,
    params: (value) => known(params, value),
    root: (value) => known(roots, value),
    inputs: new Map(units.map((unit) => [unit, unit.slots.map((slot) => unit.node.input(slot)!)])),
    givesFloat: (unit) => isFloatGiver(unit, readers),
  };
}

function known<T>(map: ReadonlyMap<Value, T>, value: Value): T {
  const found = map.get(value);
  if (!found) throw new Error(`static plan: ${value.name} has no parameters`);
  return found;
}

function producersOf(units: readonly Unit[]): Map<Value, Unit> {
  return new Map(units.flatMap((unit) => unit.outputs.map((value) => [value, unit] as const)));
}

/** Values that integer units read. */
function codeReaders(units: readonly Unit[]): Set<Value> {
  return new Set(units.flatMap((unit) => unit.slots.map((slot) => unit.node.input(slot)!)));
}

function isFloatGiver(unit: Unit, readers: ReadonlySet<Value>): boolean {
  return unit.canGiveFloat && unit.outputs.every((value) => !readers.has(value));
}

function bordersOf(unit: Unit, readers: ReadonlySet<Value>): Value[] {
  const inputs = unit.slots.map((slot) => unit.node.input(slot)!);
  return isFloatGiver(unit, readers) ? inputs : [...inputs, ...unit.outputs];
}

/** Relu or Clip is exactly the saturation of its output's codes. */
function isSaturation(unit: Unit, params: ReadonlyMap<Value, ActivationParams>, dtype: ActivationDtype): boolean {
  const { low, high } = clipBounds(unit.clip!)!;
  const { scale, zeroPoint } = params.get(unit.outputs[0]!)!;
  const { quantMin, quantMax } = ACTIVATION_LIMITS[dtype];
  const code = (x: number) => roundHalfEven(x / scale) + zeroPoint;
  return code(low) <= quantMin && code(high) >= quantMax;
}
