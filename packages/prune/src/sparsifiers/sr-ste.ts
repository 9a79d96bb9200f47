import {
  fromWeightMatrix,
  GossamerError,
  type Model,
  toWeightMatrix,
  type WeightView,
  weightsOf,
} from '@gossamer/graph';
import type { Sparsifier } from '@gossamer/train';
import { badOption } from '../bad-option.js';
import type { PruneErrorCode } from '../error-codes.js';
import { parsePattern } from '../patterns/parse-pattern.js';
import type { Pattern, ScoredMatrix } from '../patterns/pattern.js';

export interface SrSteOptions {
  /** Names of the stored weights that are sparse. */
  readonly parameters: readonly string[];
  /** A pattern that says its own sparsity, N:M, along what a layer sums over. Default '2:4'. */
  readonly pattern?: string;
  /** lambda: pull of weights that are out towards 0, >= 0. Default 2e-4. */
  readonly decay?: number;
}

/** A weight as its layer sees it. */
interface Oriented {
  /** Where each element of the matrices lies in the stored tensor. */
  readonly order: Int32Array;
  readonly groups: number;
  readonly rows: number;
  readonly columns: number;
  readonly taps: number;
}

/**
 * N:M from the first update on: the forward pass sees the largest N of every M weights, gradients go straight through to all of them, and those that are out are pulled towards 0 in addition, so that
 * masks settle. `model` says what each weight's rows and columns are.
 *
 * Source: Zhou et al., "Learning N:M Fine-grained Structured Sparse Neural Networks From Scratch" (arXiv:2102.04010), equation 9. With gradients of several batches averaged the pull is
 * divided by their number. Throws ERR_PRUNE_OPTION.
 */
export function srSte(model: Model, options: SrSteOptions): Sparsifier {
  const { parameters, pattern: name = '2:4', decay = 2e-4 } = options;
  const pattern = parsePattern(name);
  if (pattern.fixed === undefined) badOption('pattern', 'one of N:M', name);
  if (!(decay >= 0 && decay < Infinity)) badOption('decay', 'a finite number >= 0', decay);
  const views = viewsOf(model);
  const orders = new Map(parameters.map((parameter) => [parameter, orderOf(views, parameter)]));
  const dense = new Map<string, Float32Array>();
  return {
    parameters,
    digest: JSON.stringify(['sr-ste', name, decay]),
    freezes: false,
    state(own) {
      for (const [parameter, { weight, mask }] of own) {
        dense.set(parameter, weight.slice());
        choose(weight, mask, orders.get(parameter)!, pattern);
        hide(weight, mask);
      }
      return new Map([...dense].map(([parameter, data]) => [`dense/${parameter}`, data]));
    },
    beforeStep({ parameters: own }) {
      for (const [parameter, { weight, gradient, mask }] of own) {
        weight.set(dense.get(parameter)!);
        for (let i = 0; i < weight.length; i++) if (mask[i] === 0) gradient[i]! += decay * weight[i]!;
      }
    },
    afterStep({ parameters: own }) {
      for (const [parameter, { weight, mask }] of own) {
        dense.get(parameter)!.set(weight);
        choose(weight, mask, orders.get(parameter)!, pattern);
        hide(weight, mask);
      }
    },
  };
}

function viewsOf(model: Model): ReadonlyMap<string, WeightView> {
  const views = [...model.graph.nodes()].flatMap((node) => weightsOf(node));
  return new Map(views.map((view) => [view.source.name, view]));
}

function orderOf(views: ReadonlyMap<string, WeightView>, parameter: string): Oriented {
  const view = views.get(parameter);
  if (!view || view.chain.length > 0) {
    throw new GossamerError<PruneErrorCode>(
      'ERR_PRUNE_OPTION',
      `parameters: expected names of weights that layers read as they are stored, received ${parameter}`,
    );
  }
  const { groups, rows, columns, taps, data } = toWeightMatrix(view);
  const places = fromWeightMatrix(
    view,
    Int32Array.from(data, (_, i) => i),
  );
  const order = new Int32Array(places.length);
  places.forEach((at, stored) => (order[at] = stored));
  return { order, groups, rows, columns, taps };
}

/** Writes the mask of the pattern for magnitudes of `weight`. */
function choose(
  weight: Float32Array,
  mask: Uint8Array,
  { order, groups, rows, columns, taps }: Oriented,
  pattern: Pattern,
) {
  const size = rows * columns;
  const matrices = Array.from({ length: groups }, (_, group): ScoredMatrix => ({
    ...{ rows, columns, taps },
    scores: Float64Array.from({ length: size }, (_, i) => Math.abs(weight[order[group * size + i]!]!)),
  }));
  pattern
    .choose(matrices, 0)
    .forEach((kept, group) => kept.forEach((keep, i) => (mask[order[group * size + i]!] = keep)));
}

function hide(weight: Float32Array, mask: Uint8Array): void {
  for (let i = 0; i < weight.length; i++) if (mask[i] === 0) weight[i] = 0;
}
