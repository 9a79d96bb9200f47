import { clipFactor } from '../clipping/clip-by-norm.js';
import { clipByValue } from '../clipping/clip-by-value.js';
import { streamOf } from '../data/counter-random.js';
import { ErrorFeedback } from '../gradient-quantization/error-feedback.js';
import type { GradientQuantizer } from '../gradient-quantization/gradient-quantizer.js';
import { createGradientQuantizer } from '../gradient-quantization/registry.js';
import { requirePositive } from '../require-option.js';
import { chooseArithmetic } from './gradient-arithmetic.js';
import { gradientNorm } from './gradient-norm.js';
import type { Gradients } from './gradient-sums.js';
import type { Masks } from './optimizer-state.js';
import type { ParameterStore } from './parameter-store.js';
import type { TrainOptions } from './train-options.js';

/** What happens to gradients between the backward pass and the optimiser: clipping by value, then by norm, then quantization. */
export class GradientPath {
  readonly #quantizer: Pick<ErrorFeedback, 'quantize'> | undefined;
  readonly #feedback: ErrorFeedback | undefined;
  readonly #arithmetic = chooseArithmetic();

  /** Throws ERR_TRAIN_OPTIONS for limits and options out of range. */
  constructor(
    private readonly options: TrainOptions,
    store: ParameterStore,
    private readonly masks: Masks,
  ) {
    const { clipNorm, clipValue, gradientQuantization } = options;
    if (clipNorm !== undefined) requirePositive('clipNorm', clipNorm);
    if (clipValue !== undefined) requirePositive('clipValue', clipValue);
    if (!gradientQuantization) return;
    const quantizer = createGradientQuantizer(gradientQuantization);
    if (gradientQuantization.errorFeedback ?? !quantizer.isUnbiased) {
      this.#feedback = new ErrorFeedback(quantizer);
      this.#feedback.restore(new Map(store.parameters.map(({ name, data }) => [name, new Float32Array(data.length)])));
    }
    this.#quantizer = this.#feedback ?? withoutMemory(quantizer);
  }

  /** Changes the gradients of update `step` (from 0); what the optimiser multiplies them by, which is `mean` times the gradients here. */
  prepare(gradients: Gradients, mean: number, step: number): number {
    const { clipValue } = this.options;
    if (clipValue !== undefined) clipByValue([...gradients.values()], clipValue / mean);
    const factor = mean * this.#clipFactor(gradients, mean);
    if (!this.#quantizer) return factor;
    if (factor !== 1) this.#arithmetic.scale([...gradients.values()], factor);
    this.#quantize(this.#quantizer, gradients, step);
    return 1;
  }

  /** What was not sent yet, by parameter: the state of a checkpoint. */
  residuals(): Gradients {
    return this.#feedback?.residuals() ?? new Map();
  }

  #quantize(quantizer: Pick<ErrorFeedback, 'quantize'>, gradients: Gradients, step: number): void {
    const { seed = 0 } = this.options;
    for (const [name, gradient] of gradients) {
      // A weight that does not move must not coarsen the levels of the others.
      this.masks.get(name)?.forEach((keep, i) => {
        if (keep === 0) gradient[i] = 0;
      });
      quantizer.quantize(name, gradient, { seed, stream: streamOf(`gradient/${name}`), step });
    }
  }

  /** What keeps the norm of `mean` times the gradients below clipNorm. */
  #clipFactor(gradients: Gradients, mean: number): number {
    const { clipNorm } = this.options;
    if (clipNorm === undefined) return 1;
    const ofEach = [...gradients.keys()].map((name) => this.masks.get(name));
    return clipFactor(gradientNorm(gradients.values(), ofEach) * mean, clipNorm);
  }
}

const withoutMemory = (quantizer: GradientQuantizer): Pick<ErrorFeedback, 'quantize'> => ({
  quantize: (_name, gradient, place) => quantizer.quantize(gradient, place),
});
