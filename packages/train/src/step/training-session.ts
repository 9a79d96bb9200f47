import { isGossamerError, type Model, type Tensor } from '@gossamer/graph';
import { type Outputs, Session } from '@gossamer/runtime';
import { expandFunctions } from '../functions/expand-functions.js';
import { functionNames } from '../functions/registry.js';
import { nativeFunctions } from './native-functions.js';

/** Which engine runs a graph of training; 'auto': native where it covers all of it, else ort, with a warning. */
export type TrainingEngine = 'auto' | 'native' | 'ort' | 'tfjs' | 'reference';

export interface TrainingSessionOptions {
  /** Default 'auto'. */
  readonly engine?: TrainingEngine;
  /** Default: GOSSAMER_THREADS, else all cores. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/** A graph of training that is open in an engine. */
export interface TrainingSession {
  readonly engine: string;
  readonly warnings: readonly string[];
  run(feeds: Readonly<Record<string, Tensor>>, outputs?: readonly string[], signal?: AbortSignal): Promise<Outputs>;
  dispose(): Promise<void>;
}

/** Opens a graph that may hold registered functions: those the engine has kernels for stay, the others are their bodies. */
export async function openTrainingSession(
  model: Model,
  options: TrainingSessionOptions = {},
): Promise<TrainingSession> {
  const { engine = 'auto', threads, signal } = options;
  const open = (graph: Model, name: string) =>
    Session.open(graph, { engine: name, ...(threads === undefined ? {} : { threads }), ...(signal ? { signal } : {}) });
  if (engine !== 'auto') {
    const kept = engine === 'native' ? nativeFunctions(functionNames()) : new Set<string>();
    return wrap(await open(expandFunctions(model, kept), engine), []);
  }
  try {
    return wrap(await open(expandFunctions(model, nativeFunctions(functionNames())), 'native'), []);
  } catch (error) {
    if (!isGossamerError(error) || error.code !== 'ERR_ENGINE_COVERAGE') throw error;
    return wrap(await open(expandFunctions(model), 'ort'), [`engine: ort instead of native: ${error.message}`]);
  }
}

function wrap(session: Session, warnings: readonly string[]): TrainingSession {
  return {
    engine: session.engine,
    warnings,
    run: (feeds, outputs, signal) =>
      session.run(feeds, { ...(outputs ? { outputs } : {}), ...(signal ? { signal } : {}) }),
    dispose: () => session.dispose(),
  };
}
