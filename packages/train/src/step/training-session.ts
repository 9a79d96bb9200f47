import { isGossamerError, type Model, type Tensor } from '@gossamer/graph';
import { tuneAllocator } from '@gossamer/kernels';
import { LackingNodes, type Outputs, type RunOptions, Session } from '@gossamer/runtime';
import { TRAIN_DOMAIN } from '../emit/train-domain.js';
import { expandFunctions } from '../functions/expand-functions.js';
import { functionNames } from '../functions/registry.js';
import { hasAddon } from '../optimizers/has-addon.js';
import { useBlockedLayout } from './blocked-layout.js';
import { nativeFunctions } from './native-functions.js';
import { probeBlockedLayout } from './probe-blocked-layout.js';
import { tfjsFunctions } from './tfjs-functions.js';

/** Which engine runs a graph of training; 'auto': native where it covers all of it, else ort, with a warning. */
export type TrainingEngine = 'auto' | 'native' | 'ort' | 'tfjs' | 'reference';

export interface TrainingSessionOptions {
  /** Default 'auto'. */
  readonly engine?: TrainingEngine;
  /** Default: GOSSAMER_THREADS, else all cores. */
  readonly threads?: number;
  /**
   * On engine ort: convolutions in ONNX Runtime's own blocked layout, where it has it (x64). Its operators are internal to it: they are tried
   * first, and left alone with a warning where they do not give what Conv gives. Default false.
   */
  readonly blockedLayout?: boolean;
  readonly signal?: AbortSignal;
}

/** A graph of training that is open in an engine. */
export interface TrainingSession {
  readonly engine: string;
  readonly warnings: readonly string[];
  /** Runs once; `into`: where outputs are written, by name (the native engine writes them there, others copy). */
  run(feeds: Readonly<Record<string, Tensor>>, options?: RunOptions): Promise<Outputs>;
  dispose(): Promise<void>;
}

/** Opens a graph that may hold registered functions: those the engine has kernels for stay, the others are their bodies. */
export async function openTrainingSession(
  model: Model,
  options: TrainingSessionOptions = {},
): Promise<TrainingSession> {
  const { engine = 'auto', threads, signal } = options;
  const open = (graph: Model, name: string) => {
    if (name === 'ort' && hasAddon()) tuneAllocator();
    return Session.open(graph, {
      engine: name,
      ...(threads === undefined ? {} : { threads }),
      ...(signal ? { signal } : {}),
    });
  };
  if (engine === 'tfjs') return openKept(model, tfjsFunctions(functionNames()), engine, open);
  if (engine === 'ort') {
    const graph = expandFunctions(model);
    const warnings = options.blockedLayout ? await applyBlockedLayout(graph) : [];
    return wrap(await open(graph, engine), warnings);
  }
  // 'reference', and a name that is none, which the session refuses with those that are.
  if (engine !== 'auto' && engine !== 'native') return wrap(await open(expandFunctions(model), engine), []);
  try {
    return await openKept(model, nativeFunctions(functionNames()), 'native', open);
  } catch (error) {
    if (engine === 'native' || !isGossamerError(error) || error.code !== 'ERR_ENGINE_COVERAGE') throw error;
    return wrap(await open(expandFunctions(model), 'ort'), [`engine: ort instead of native: ${error.message}`]);
  }
}

/** Rewrites `model` in place; says what could not be done. */
async function applyBlockedLayout(model: Model): Promise<string[]> {
  const block = await probeBlockedLayout();
  if (block === undefined) return ['blocked layout: this ONNX Runtime does not have it, convolutions stay as they are'];
  return useBlockedLayout(model, block) > 0
    ? []
    : [`blocked layout: no convolution has whole blocks of ${block} channels`];
}

/** Functions of `names` are kernels of the engine; those whose form it refuses (an axis, a rank) run as their bodies there, with a warning. */
async function openKept(
  model: Model,
  names: ReadonlySet<string>,
  engine: string,
  open: (graph: Model, engine: string) => Promise<Session>,
): Promise<TrainingSession> {
  const kept = new Set(names);
  const warnings: string[] = [];
  for (;;) {
    try {
      return wrap(await open(expandFunctions(model, kept), engine), warnings);
    } catch (error) {
      const refused = lackingFunctions(error).filter(({ name }) => kept.has(name));
      if (refused.length === 0) throw error;
      for (const { name, reason } of refused) {
        if (kept.delete(name)) warnings.push(`${engine}: ${name} runs as its body in standard operators: ${reason}`);
      }
    }
  }
}

/** Functions among the nodes that an ERR_ENGINE_COVERAGE names. */
function lackingFunctions(error: unknown): { readonly name: string; readonly reason: string }[] {
  if (!isGossamerError(error) || !(error.cause instanceof LackingNodes)) return [];
  const prefix = `${TRAIN_DOMAIN}::`;
  return error.cause.nodes
    .filter(({ operator }) => operator.startsWith(prefix))
    .map(({ operator, reason }) => ({ name: operator.slice(prefix.length), reason }));
}

function wrap(session: Session, warnings: readonly string[]): TrainingSession {
  return {
    engine: session.engine,
    warnings,
    run: (feeds, options) => session.run(feeds, options),
    dispose: () => session.dispose(),
  };
}
