import { type Model, Tensor } from '@gossamer/graph';
import { float32View } from '@gossamer/runtime';
import { BatchPlan, GraphTrainer, type Loss } from '@gossamer/train';
import { betaAt, rectifiedSigmoid, ROUNDING_OPTIMIZER, ROUNDING_STRENGTH } from '../algorithms/rounding-variable.js';
import type { QuantizedMatrix } from '../grid/quantized-matrix.js';
import type { Activations } from './activations.js';
import { BETA, floatName, ROUNDING, roundingForm, STRENGTH, variableName } from './rounding-form.js';
import type { SoftWeight } from './soft-weights.js';
import type { UnitData } from './unit-data.js';

export interface UnitOptions {
  /** Weight of each element of an output's squared error, of its shape, by output; missing: 1. */
  readonly importance: Activations;
  readonly iterations: number;
  readonly batch: number;
  readonly drop: number;
  readonly seed: number;
  /** Mean squared error of round to nearest, by output: the unit of the loss. */
  readonly nearestErrors: ReadonlyMap<string, number>;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onIteration?: (done: number) => void;
}

/** Codes of the layers of a unit, and how many weights had not settled on a neighbour when they were rounded. */
export interface UnitRounding {
  /** By name of the weight, a matrix a group. */
  readonly weights: ReadonlyMap<string, readonly QuantizedMatrix[]>;
  readonly unsettled: number;
}

/** A weight is settled when h is that near to 0 or 1. */
const SETTLED = 1e-3;

/** Learns the rounding of a unit's weights: `model` reads `inputs` and should give `targets`. */
export async function reconstructUnit(
  model: Model,
  weights: readonly SoftWeight[],
  data: UnitData,
  options: UnitOptions,
): Promise<UnitRounding> {
  const { batch, iterations, drop, seed, signal, threads, importance } = options;
  const { learningRate, beta1, beta2, epsilon } = ROUNDING_OPTIMIZER;
  const form = roundingForm(model, weights, { batch, drop });
  const count = weights.reduce((sum, { open }) => sum + open, 0);
  const losses = [
    ...form.outputs.map((name) => ({
      loss: outputError(name, importance.has(name)),
      weight: count / Math.max(options.nearestErrors.get(name)!, Number.MIN_VALUE) / form.outputs.length,
    })),
    { loss: { name: 'rounding', build: ({ value }) => value(ROUNDING) } satisfies Loss },
  ];
  const trainer = await GraphTrainer.open(form, losses, {
    seed,
    optimizerOptions: { beta1, beta2, epsilon },
    ...(threads === undefined ? {} : { threads }),
  });
  try {
    const feeder = new Feeder(data, importance, drop > 0, batch);
    const plan = new BatchPlan(feeder.samples, batch, seed);
    const beta = Tensor.of('float32', [], Float32Array.of(2));
    for (let step = 0; step < iterations; step++) {
      signal?.throwIfAborted();
      const exponent = betaAt(step, iterations);
      const feeds = {
        ...feeder.read(plan.at(step).indices),
        [BETA]: exponent === undefined ? beta : Tensor.of('float32', [], Float32Array.of(exponent)),
        [STRENGTH]: Tensor.of('float32', [], Float32Array.of(exponent === undefined ? 0 : ROUNDING_STRENGTH)),
      };
      await trainer.update(feeds, step, learningRate, signal);
      options.onIteration?.(step + 1);
    }
    const learned = new Map(trainer.store.parameters.map(({ name, data: values }) => [name, values]));
    return settle(weights, learned);
  } finally {
    await trainer.dispose();
  }
}

function settle(weights: readonly SoftWeight[], learned: ReadonlyMap<string, Float32Array>): UnitRounding {
  let unsettled = 0;
  const matrices = weights.map((weight) => {
    const h = learned.get(variableName(weight.name))!.map(rectifiedSigmoid);
    const gap = float32View(weight.gap);
    h.forEach((share, i) => {
      if (gap[i] !== 0 && Math.abs(share - Math.round(share)) > SETTLED) unsettled++;
    });
    return [weight.name, weight.rounded(h)] as const;
  });
  return { weights: new Map(matrices), unsettled };
}

const targetName = (output: string): string => `target/${output}`;
const importanceName = (output: string): string => `importance/${output}`;

/** Mean over the elements of importance (output - target)^2. */
function outputError(name: string, isWeighted: boolean): Loss {
  return {
    name: `error/${name}`,
    build({ g, value, input }) {
      const output = value(name);
      const shape = g.shape(output);
      const difference = g.sub(output, input(targetName(name), 'float32', shape));
      const square = g.mul(difference, difference);
      const weighted = isWeighted ? g.mul(square, input(importanceName(name), 'float32', shape)) : square;
      return g.mean(
        weighted,
        shape.map((_, axis) => axis),
      );
    },
  };
}

/** Batches of the arrays of a unit. */
class Feeder {
  readonly samples: number;
  readonly #arrays: readonly { readonly name: string; readonly from: Tensor; readonly to: Tensor }[];

  constructor(data: UnitData, importance: Activations, withFloat: boolean, batch: number) {
    const arrays = [
      ...data.inputs,
      ...(withFloat ? [...data.floatInputs].map(([name, tensor]) => [floatName(name), tensor] as const) : []),
      ...[...data.targets].map(([name, tensor]) => [targetName(name), tensor] as const),
      ...[...importance].map(([name, tensor]) => [importanceName(name), tensor] as const),
    ];
    this.samples = arrays[0]![1].dims[0]!;
    this.#arrays = arrays.map(([name, from]) => {
      const bytes = new Uint8Array((from.byteLength / this.samples) * batch);
      return { name, from, to: Tensor.of(from.dtype, [batch, ...from.dims.slice(1)], bytes) };
    });
  }

  /** The samples `indices`; valid until the next call. */
  read(indices: Uint32Array): Record<string, Tensor> {
    for (const { from, to } of this.#arrays) {
      const row = from.byteLength / this.samples;
      const [source, target] = [from.bytes(), to.bytes()];
      indices.forEach((index, r) => target.set(source.subarray(index * row, (index + 1) * row), r * row));
    }
    return Object.fromEntries(this.#arrays.map(({ name, to }) => [name, to]));
  }
}
