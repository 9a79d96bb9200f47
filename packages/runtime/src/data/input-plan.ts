import { GossamerError } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { PortSpec } from '../session/port-spec.js';
import type { Column } from './column.js';

/**
 * How an array becomes an input.
 *
 * - `constant`: the same for every sample (rank-0 array).
 * - `batched`: the first axis is the model's batch axis.
 * - `single`: the model has no axis for samples, so they are fed one by one.
 * - `steps`: [samples, time, ...], a frame [samples, ...] at each step.
 * - `single-steps`: [samples, time, ...], one sample at a time, a frame [...] at each step.
 */
export type FeedMode = 'constant' | 'batched' | 'single' | 'steps' | 'single-steps';

export interface InputPlan {
  readonly spec: PortSpec;
  readonly column: Column;
  readonly mode: FeedMode;
}

export interface FeedPlan {
  readonly inputs: readonly InputPlan[];
  /** Samples per run that the model insists on. */
  readonly fixedBatch: number | undefined;
  /** Steps of a sequence; undefined when samples are not sequences. */
  readonly steps: number | undefined;
}

function refuse(text: string): GossamerError<RuntimeErrorCode> {
  return new GossamerError('ERR_DATA_INPUTS', text);
}

/** Arrays that are not inputs. */
const RESERVED = new Set(['labels', 'targets']);

/** Matches arrays to what the model expects; without `specs` every array is an input as it stands. Throws ERR_DATA_INPUTS. */
export function planInputs(
  columns: readonly Column[],
  specs: readonly PortSpec[] | undefined,
  sequence: boolean,
): FeedPlan {
  const byName = new Map(columns.map((column) => [column.name, column]));
  const named = specs?.filter((spec) => !spec.optional || (!sequence && byName.has(spec.name)));
  const wanted = named ?? columns.filter(({ name }) => !RESERVED.has(name)).map(openSpec);
  const inputs = wanted.map((spec): InputPlan => {
    const column = byName.get(spec.name);
    if (!column) {
      const names = [...byName.keys()].join(', ');
      throw refuse(`input ${spec.name}: expected an array of that name, received arrays ${names}`);
    }
    const mode = feedMode(column, spec, sequence);
    checkFrame(column, spec, mode);
    return { spec, column, mode };
  });
  return { inputs, fixedBatch: fixedBatch(inputs), steps: stepCount(inputs) };
}

function openSpec(column: Column): PortSpec {
  return { name: column.name, dtype: undefined, shape: undefined };
}

function feedMode(column: Column, spec: PortSpec, sequence: boolean): FeedMode {
  if (column.rows === undefined) return 'constant';
  const rank = column.rowShape.length + 1;
  const expected = spec.shape?.length ?? (sequence ? rank - 1 : rank);
  const extra = rank - expected;
  if (sequence && column.rowShape.length > 0) {
    if (extra === 1) return 'steps';
    if (extra === 2) return 'single-steps';
  }
  if (extra === 0) return 'batched';
  if (extra === 1) return 'single';
  const received = `[${[column.rows, ...column.rowShape].join(', ')}]`;
  throw refuse(`input ${spec.name}: expected samples of rank ${expected} (${shapeText(spec)}), received ${received}`);
}

function shapeText({ shape }: PortSpec): string {
  return shape ? `[${shape.map((dim) => dim ?? '?').join(', ')}]` : 'any shape';
}

/** Fixed dimensions of the model must be those of the array. */
function checkFrame(column: Column, spec: PortSpec, mode: FeedMode): void {
  if (!spec.shape || mode === 'constant') return;
  const skipBatch = mode === 'batched' || mode === 'steps';
  const expected = skipBatch ? spec.shape.slice(1) : spec.shape;
  const frame = mode === 'steps' || mode === 'single-steps' ? column.rowShape.slice(1) : column.rowShape;
  if (expected.some((dim, axis) => typeof dim === 'number' && dim !== frame[axis])) {
    const received = `samples of [${column.rowShape.join(', ')}]`;
    throw refuse(`input ${spec.name}: expected ${shapeText(spec)}, received ${received}`);
  }
}

function fixedBatch(inputs: readonly InputPlan[]): number | undefined {
  let fixed: number | undefined;
  for (const { spec, mode } of inputs) {
    const first = mode === 'single' || mode === 'single-steps' ? 1 : mode === 'constant' ? undefined : spec.shape?.[0];
    if (typeof first !== 'number') continue;
    if (fixed !== undefined && fixed !== first) {
      throw refuse(`input ${spec.name}: expected a batch of ${fixed} as in the other inputs, received ${first}`);
    }
    fixed = first;
  }
  return fixed;
}

function stepCount(inputs: readonly InputPlan[]): number | undefined {
  let steps: number | undefined;
  for (const { column, mode } of inputs) {
    if (mode !== 'steps' && mode !== 'single-steps') continue;
    const [time] = column.rowShape;
    if (steps !== undefined && steps !== time) {
      throw refuse(`array ${column.name}: expected ${steps} steps as in the other arrays, received ${time}`);
    }
    steps = time;
  }
  return steps;
}
