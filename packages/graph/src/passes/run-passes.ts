import { GossamerError, isGossamerError } from '../errors.js';
import type { TypeTable } from '../inference/type-table.js';
import type { Model } from '../ir/model.js';
import type { Pass } from './pass.js';
import { type BlockedFusion, PassContext } from './pass-context.js';
import { PASSES, type PipelineName, PIPELINES } from './registry.js';
import { upgradeOpset } from './upgrade/upgrade-opset.js';

/** What watches and stops a run. */
export interface RunPassesOptions {
  /**
   * When the passes are done and fusions wait for an operator of a later opset: raise the model to it and run them again, if every node
   * upgrades; a warning names the node that does not. Default false: the opset stays, and `blocked` says what waits.
   */
  readonly raiseOpset?: boolean;
  /** Checked before each pass; its reason is thrown. */
  readonly signal?: AbortSignal;
  /** Passes done of those planned so far; a round that changed something plans another one. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
  /** Called with the rewritten model after each pass; it must not change it. */
  readonly afterPass?: (pass: string, model: Model) => void;
}

/** What a run gives. */
export interface RunPassesResult {
  /** A rewritten clone; the input did not change. */
  readonly model: Model;
  /** What each pass changed over all rounds, in the order of the passes; those that changed nothing are left out. */
  readonly applied: readonly { readonly pass: string; readonly changes: number }[];
  /** Fusions that an operator of a later opset would allow. */
  readonly blocked: readonly BlockedFusion[];
  readonly warnings: readonly string[];
  /** Types of the values of `model`, as it is when they are first asked for (see computedTypes). */
  readonly types: TypeTable;
}

/** Rounds of a pipeline. Each round takes away or fuses what the one before made foldable; real exports settle in 2-4. */
const MAX_ROUNDS = 16;

/**
 * Rewrites a clone of `model`: the name of a pipeline runs it until a round changes nothing (at most 16), a list runs its passes once in
 * the order given. Throws ERR_PASS for an unknown name, and ERR_PASS_FAILED with the original as cause.
 */
export function runPasses(
  model: Model,
  selection: PipelineName | readonly string[],
  options: RunPassesOptions = {},
): RunPassesResult {
  const isPipeline = typeof selection === 'string';
  const names = isPipeline ? PIPELINES[selection] : selection;
  const run = new PassRun(names.map(findPass), model.clone(), options);
  const rounds = isPipeline ? MAX_ROUNDS : 1;
  do run.rounds(rounds);
  while (run.raise());
  return run.result();
}

function findPass(name: string): Pass {
  const pass = PASSES.find((candidate) => candidate.name === name);
  if (pass) return pass;
  const choices = PASSES.map((candidate) => candidate.name).join(', ');
  throw new GossamerError('ERR_PASS', `pass: expected one of ${choices}, received ${name}`);
}

/** The passes over one model, round by round. */
class PassRun {
  #context: PassContext;
  #model: Model;
  readonly #changes: Map<string, number>;
  readonly #done: string[] = [];
  #planned = 0;

  constructor(
    private readonly passes: readonly Pass[],
    model: Model,
    private readonly options: RunPassesOptions,
  ) {
    this.#model = model;
    this.#context = new PassContext(model, options.signal);
    this.#context.mayRaise = options.raiseOpset === true;
    this.#changes = new Map(passes.map((pass) => [pass.name, 0]));
  }

  rounds(limit: number): void {
    for (let round = 0; round < limit; round++) {
      this.#planned += this.passes.length;
      this.#context.forgetBlocked();
      let changes = 0;
      for (const pass of this.passes) changes += this.#runPass(pass);
      if (changes === 0) return;
    }
    if (limit > 1)
      this.#context.warn(`passes: expected to settle in ${limit} rounds, received changes in the last one`);
  }

  result(): RunPassesResult {
    const applied = Array.from(this.#changes, ([pass, changes]) => ({ pass, changes })).filter(
      ({ changes }) => changes > 0,
    );
    const context = this.#context;
    const { blocked, warnings } = context;
    return {
      ...{ model: this.#model, applied, blocked, warnings },
      get types() {
        return context.types;
      },
    };
  }

  /**
   * Raises the model to the latest opset that blocked fusions need and all nodes reach, or else ends the wait for that; false where
   * the passes need not run again.
   */
  raise(): boolean {
    const { blocked, warnings, mayRaise } = this.#context;
    if (!mayRaise) return false;
    const targets = [...new Set(blocked.map(({ opset }) => opset))].sort((a, b) => b - a);
    for (const target of targets) {
      if (target <= this.#model.opset) continue;
      try {
        this.#model = upgradeOpset(this.#model, target);
      } catch (error) {
        if (!isGossamerError(error)) throw error;
        const waiting = blocked.filter(({ opset }) => opset <= target).map(({ op, count }) => `${count} ${op}`);
        this.#context.warn(`opset ${target}, for ${waiting.join(', ')}: not raised: ${error.message}`);
        continue;
      }
      this.#context = new PassContext(this.#model, this.options.signal);
      this.#context.mayRaise = true;
      for (const warning of warnings) this.#context.warn(warning);
      return true;
    }
    this.#context.mayRaise = false;
    return true;
  }

  #runPass(pass: Pass): number {
    const { signal, onProgress, afterPass } = this.options;
    signal?.throwIfAborted();
    const { changes } = this.#attempt(pass);
    if (changes > 0) this.#context.invalidate();
    this.#changes.set(pass.name, (this.#changes.get(pass.name) ?? 0) + changes);
    this.#done.push(pass.name);
    afterPass?.(pass.name, this.#model);
    onProgress?.({ done: this.#done.length, total: this.#planned });
    return changes;
  }

  #attempt(pass: Pass): { readonly changes: number } {
    try {
      return pass.run(this.#model, this.#context);
    } catch (cause) {
      if (this.options.signal?.aborted) throw cause;
      const before = this.#done.length === 0 ? 'the first pass' : `after ${this.#done.join(', ')}`;
      const reason = cause instanceof Error ? cause.message : String(cause);
      const message = `pass ${pass.name} (${before}): ${reason}`;
      // A plain Error is a bug of the pass and stays one.
      throw isGossamerError(cause)
        ? new GossamerError('ERR_PASS_FAILED', message, { cause })
        : new Error(message, { cause });
    }
  }
}
