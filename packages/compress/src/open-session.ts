import { type Requantization, Session } from '@gossamer/runtime';
import { modelOrFile } from './model-or-file.js';
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

/** Opens a model for measuring, from its file where that holds it. */
export function openSession(model: OnnxModel, options: EngineChoice): Promise<Session> {
  const { engine, threads, requantize, signal } = options;
  return Session.open(modelOrFile(model), {
    ...(engine === undefined ? {} : { engine }),
    ...(threads === undefined ? {} : { threads }),
    ...(requantize === undefined ? {} : { requantize }),
    ...(signal ? { signal } : {}),
  });
}
