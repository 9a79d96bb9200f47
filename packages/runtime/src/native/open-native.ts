import { GossamerError, type Model, Tensor } from '@gossamer/graph';
import { operatorTypes, predictInt8, ProgramBuilder, type ProgramState, type ProgramTensor } from '@gossamer/kernels';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { StateFeed } from '../session/detect-state.js';
import type { OperatorTime } from '../session/engine.js';
import type { Feeds, Outputs } from '../session/feeds.js';
import type { Into } from '../session/into.js';
import { type NativePlan } from './compile-model.js';
import type { Capabilities } from './compilation.js';

/** What the addon of this process can run. */
export const nativeCapabilities = (): Capabilities => ({ operators: operatorTypes(), predictInt8 });

export interface NativeRunOptions {
  readonly threads: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Where carried inputs are that are not fed. */
  readonly state?: ProgramState;
  /** Tensors that outputs are written to; they come back where their type and sizes are the output's. */
  readonly into?: Into | undefined;
}

/** A compiled model in memory: runs by names. */
export class NativeProgram {
  readonly #inputs: readonly string[];
  readonly #outputs: readonly string[];
  readonly #emitted: ReturnType<NativePlan['emit']>;

  /** Packs the constants of `plan`. Throws ERR_ENGINE_COVERAGE, and what operators refuse. */
  constructor(plan: NativePlan, model: Model, state: readonly StateFeed[] = []) {
    this.#inputs = model.graph.inputs.filter((input) => !input.initializer && !input.sparse).map(({ name }) => name);
    this.#outputs = model.graph.outputs.map(({ name }) => name);
    const links = state
      .map(({ input, output }) => [this.#inputs.indexOf(input), this.#outputs.indexOf(output)] as const)
      .filter(([input, output]) => input >= 0 && output >= 0); // the stepper refuses the others by name
    this.#emitted = plan.emit(new ProgramBuilder(), links);
  }

  /** Runs once; tensors by input name in, those of `wanted` by output name out. */
  async run(feeds: Feeds, wanted: readonly string[], options: NativeRunOptions): Promise<Outputs> {
    const { threads, signal, state, into } = options;
    const inputs = this.#inputs.map((name) => {
      const tensor = feeds[name];
      if (!tensor && state) return undefined; // the program refuses it where it carries none
      if (!tensor)
        throw new GossamerError<RuntimeErrorCode>('ERR_FEEDS', `feeds: expected input ${name}, received none`);
      return { dtype: tensor.dtype, dims: tensor.dims, bytes: tensor.bytes() };
    });
    const results = await this.#emitted.program.run(inputs, {
      wanted: this.#outputs.map((name) => wanted.includes(name)),
      ...(into ? { into: this.#outputs.map((name) => into[name]?.bytes()) } : {}),
      ...(threads === undefined ? {} : { threads }),
      ...(signal ? { signal } : {}),
      ...(state ? { state } : {}),
    });
    const outputs: Outputs = {};
    results.forEach((result, i) => {
      if (result) outputs[this.#outputs[i]!] = tensorOf(result, into?.[this.#outputs[i]!]);
    });
    return outputs;
  }

  /** What one sequence of runs carries along. */
  createState(): ProgramState {
    return this.#emitted.program.createState();
  }

  /** What operators say of the kernel or format they chose, by node. */
  notes(): { readonly node: string; readonly operator: string; readonly note: string }[] {
    const { program, operators, remarks } = this.#emitted;
    return program.notes().map(({ operator, note }, i) => ({
      node: operators[i]!,
      operator,
      note: [note, remarks.get(i)].filter(Boolean).join('; '),
    }));
  }

  /** Turns measuring on or off; milliseconds of each operator, in the order of notes(), over the runs since it was turned on. */
  profile(on: boolean): number[] {
    return this.#emitted.program.profile(on);
  }

  /** As `profile`, with what each operator is. */
  times(on: boolean): OperatorTime[] {
    const milliseconds = this.profile(on);
    if (on || milliseconds.length === 0) return [];
    return this.notes().map((note, i) => ({ engine: 'native', ...note, milliseconds: milliseconds[i]! }));
  }

  dispose(): void {
    this.#emitted.program.dispose();
  }
}

function tensorOf({ dtype, dims, bytes }: ProgramTensor, given: Tensor | undefined): Tensor {
  const isGiven = given?.dtype === dtype && given.dims.join() === dims.join();
  return isGiven ? given : Tensor.of(dtype, dims, bytes);
}
