import type { Model } from '@gossamer/graph';
import type { Requantization } from '../native/compilation.js';
import type { Feeds, Outputs } from './feeds.js';
import type { Into } from './into.js';
import type { StateFeed } from './detect-state.js';
import type { PortSpec } from './port-spec.js';

/** What a session is opened on: one of a graph, a file, the bytes of a file. */
export type ModelSource =
  | { readonly kind: 'model'; readonly model: Model }
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

/** How far the engine may rewrite the graph before it runs. */
export type OptimizationLevel = 'none' | 'basic' | 'extended' | 'all';

export interface EngineOptions {
  /** Threads of one call; undefined: the engine's default (all cores). */
  readonly threads: number | undefined;
  readonly optimization: OptimizationLevel;
  /** Where the engine writes the graph it really runs; undefined: nowhere. */
  readonly optimizedPath: string | undefined;
  /** Lay out the memory of a run ahead; false: take it piece by piece, less in all. */
  readonly memoryPlan: boolean;
  /** State that the engine may carry itself; undefined: what detectState finds. */
  readonly state: readonly StateFeed[] | undefined;
  /** How the native engine makes codes of the sums of integer layers; undefined: in float. */
  readonly requantize?: Requantization | undefined;
  readonly signal: AbortSignal | undefined;
}

/** One sequence of runs whose state stays inside the engine. */
export interface EngineCarrier {
  /** As EngineSession.run; state inputs are left out but in the first run. */
  run(feeds: Feeds, outputs: readonly string[], signal: AbortSignal | undefined, into?: Into): Promise<Outputs>;
  /** The next run is a first one. */
  reset(): void;
}

/** Which engine runs what of a model. */
export interface EngineReport {
  /** Parts of the model in the order in which they run. */
  readonly segments: readonly { readonly engine: string; readonly nodes: readonly string[] }[];
  /** Why a node does not run on the native engine. */
  readonly reasons: readonly { readonly node: string; readonly operator: string; readonly reason: string }[];
}

/** What one operator took, over all runs that were measured. */
export interface OperatorTime {
  readonly engine: string;
  /** Name of the node. */
  readonly node: string;
  readonly operator: string;
  /** The kernel or format it chose, and why; '' where it says nothing. */
  readonly note: string;
  readonly milliseconds: number;
}

/** A model opened in an engine. */
export interface EngineSession {
  readonly inputs: readonly PortSpec[];
  readonly outputs: readonly PortSpec[];
  /**
   * Runs once; `outputs` names what is wanted. Outputs of `into` (checked already) may be written there and those tensors given back; the
   * session copies what is not.
   */
  run(feeds: Feeds, outputs: readonly string[], signal: AbortSignal | undefined, into?: Into): Promise<Outputs>;
  dispose(): Promise<void>;
  /** Begins a sequence of runs; absent: the engine carries no state. */
  carry?(): EngineCarrier;
  /** Turns measuring of operators on or off; times since it was turned on, in order. Absent: the engine cannot tell. */
  profile?(on: boolean): OperatorTime[];
  /** Only of engines that share a model out. */
  readonly report?: EngineReport;
}

/** Something that runs models. One file an engine, one line in the registry. */
export interface Engine {
  readonly name: string;
  open(source: ModelSource, options: EngineOptions): Promise<EngineSession>;
}
