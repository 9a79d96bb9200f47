import { type Requantization, Session } from '@gossamer/runtime';
import type { OnnxModel } from './onnx-model.js';

/** How a call that measures runs its models. */
export interface EngineChoice {
  /** Default 'ort'. */
  readonly engine?: string;
  /** Default: GOSSAMER_THREADS, else all cores. */
  readonly threads?: number;
  /** How the sums of integer layers become codes (engines native and auto). Default 'float'. */
  readonly requantize?: Requantization;
  readonly signal?: AbortSignal;
}

/** Opens a model for measuring, from its file where it has one. */
export function openSession({ ir, path }: OnnxModel, options: EngineChoice): Promise<Session> {
  const { engine, threads, requantize, signal } = options;
  return Session.open(path ?? ir, {
    ...(engine === undefined ? {} : { engine }),
    ...(threads === undefined ? {} : { threads }),
    ...(requantize === undefined ? {} : { requantize }),
    ...(signal ? { signal } : {}),
  });
}
