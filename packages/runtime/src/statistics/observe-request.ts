import { GossamerError, type Model, Value } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';

/** A value to observe: itself or its name (inside a body: the scope path and the name), alone or with what is wanted beyond the range. */
export type ObserveRequest =
  | Value
  | string
  | {
      readonly value: Value | string;
      /** Count values in a histogram. Default: as the call says. */
      readonly histogram?: boolean;
      /** Also the range of each slice along this axis. */
      readonly axis?: number;
    };

/** A request with its value found. */
export interface Observed {
  /** Scope path + name: the name itself in the main graph. */
  readonly id: string;
  readonly value: Value;
  readonly histogram: boolean;
  readonly axis: number | undefined;
}

/** The id of a value: unique over all scopes. */
export function valueId(value: Value): string {
  return value.graph.path + value.name;
}

/** Finds what is asked for, each value once (asked twice: with all that was asked). Throws ERR_CALIBRATION for unknown names. */
export function resolveRequests(
  model: Model,
  requests: readonly ObserveRequest[],
  histogram: boolean,
): Map<string, Observed> {
  const byId = new Map<string, Value>();
  for (const scope of model.scopes()) for (const value of scope.values()) byId.set(valueId(value), value);
  const found = new Map<string, Observed>();
  for (const request of requests) {
    const { value: wanted, ...more } =
      typeof request === 'string' || request instanceof Value ? { value: request } : request;
    const id = typeof wanted === 'string' ? wanted : valueId(wanted);
    const value = byId.get(id);
    if (!value) {
      const text = `calibrate: expected a value of the model, received ${id}`;
      throw new GossamerError<RuntimeErrorCode>('ERR_CALIBRATION', text);
    }
    const known = found.get(id);
    found.set(id, {
      id,
      value,
      histogram: (more.histogram ?? histogram) || (known?.histogram ?? false),
      axis: more.axis ?? known?.axis,
    });
  }
  return found;
}
