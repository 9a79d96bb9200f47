import { Session } from '@gossamer/runtime';
import type { OnnxModel } from './onnx-model.js';

/** How a call that measures runs its models. */
export interface EngineChoice {
  /** Default 'ort'. */
  readonly engine?: string;
  /** Default: GOSSAMER_THREADS, else all cores. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/** Opens a model for measuring, from its file where it has one. */
export function openSession({ ir, path }: OnnxModel, { engine, threads, signal }: EngineChoice): Promise<Session> {
  return Session.open(path ?? ir, {
    ...(engine === undefined ? {} : { engine }),
    ...(threads === undefined ? {} : { threads }),
    ...(signal ? { signal } : {}),
  });
}
