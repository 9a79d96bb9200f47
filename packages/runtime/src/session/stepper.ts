import { GossamerError, type Tensor } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { StateFeed } from './detect-state.js';
import type { Feeds, Outputs } from './feeds.js';
import type { PortSpec } from './port-spec.js';
import type { RunOptions } from './run-options.js';

/** What a stepper runs: a Session. */
export interface Steppable {
  readonly inputs: readonly PortSpec[];
  readonly outputs: readonly PortSpec[];
  run(feeds: Feeds, options?: RunOptions): Promise<Outputs>;
}

/** Carries the state inside the engine: steps after the first need not be fed it. */
export interface StateCarrier {
  step(feeds: Feeds, isFirst: boolean, options: RunOptions): Promise<Outputs>;
  reset(): void;
}

/**
 * Runs a recurrent model step by step: each step is fed the state that the one before gave. Where the engine carries it itself, name the
 * outputs you want: state that nobody asks for is then never copied out.
 */
export class Stepper {
  #carried: Record<string, Tensor> = {};
  #isFirst = true;

  constructor(
    private readonly session: Steppable,
    private readonly state: readonly StateFeed[],
    private readonly carrier?: StateCarrier | undefined,
  ) {
    for (const { input, output } of state) {
      const missing = !session.inputs.some(({ name }) => name === input)
        ? `input ${input}`
        : !session.outputs.some(({ name }) => name === output)
          ? `output ${output}`
          : undefined;
      if (missing)
        throw new GossamerError<RuntimeErrorCode>(
          'ERR_STATE',
          `state: expected ${missing} in the model, received none`,
        );
    }
  }

  /** Runs the next step. State that is fed explicitly replaces what was carried; a step that rejects leaves that as it was. */
  async step(feeds: Feeds, options: RunOptions = {}): Promise<Outputs> {
    const initial = Object.fromEntries(
      this.state.flatMap(({ input, init }) => (init ? [[input, init]] : [])) as [string, Tensor][],
    );
    if (this.carrier) {
      const results = await this.carrier.step(this.#isFirst ? { ...initial, ...feeds } : feeds, this.#isFirst, options);
      this.#isFirst = false;
      return results;
    }
    const wanted = options.outputs;
    const outputs = wanted && { outputs: [...new Set([...wanted, ...this.state.map(({ output }) => output)])] };
    const results = await this.session.run({ ...initial, ...this.#carried, ...feeds }, { ...options, ...outputs });
    for (const { input, output } of this.state) this.#carried[input] = results[output]!;
    return results;
  }

  /** The next step starts from the initial state again. */
  reset(): void {
    this.#carried = {};
    this.#isFirst = true;
    this.carrier?.reset();
  }
}
