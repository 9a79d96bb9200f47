import type { Model, Node } from '@gossamer/graph';
import { type DataSource, inputMoments, type LayerStep, layerwise } from '@gossamer/runtime';
import type { ResolvedOptions } from '../resolve-options.js';
import type { LayerWork } from '../work.js';

/** Means over the inputs of all layers that share a weight, [columns, columns]. */
export interface WorkMoments {
  /** Of x xᵀ. */
  readonly second: Float64Array;
  /** Of x_given xᵀ, x_given being the input in the given model; `second` where that is the same. */
  readonly cross: Float64Array;
}

export interface MomentVisit {
  readonly work: LayerWork;
  readonly moments: WorkMoments;
  /** The step of the last of the layers. */
  readonly step: LayerStep;
}

/** Columns of a second moment: 512 MiB. */
const MOST = 8192;

interface Sums {
  second: Float64Array;
  cross: Float64Array;
  count: number;
  waiting: number;
}

/**
 * Goes through the layers in the order of the model; a weight comes when all layers that share it were seen. `arrive` is told of each weight's first layer,
 * and makes the moments cross ones. A weight with a layer whose inputs cannot be seen does not come; `onMissed` is told why.
 */
export async function* walkMoments(
  model: Model,
  works: readonly LayerWork[],
  data: DataSource,
  options: Pick<ResolvedOptions, 'seed' | 'signal'>,
  onMissed: (work: LayerWork, reason: string) => void,
  arrive?: (work: LayerWork, step: LayerStep) => void,
): AsyncGenerator<MomentVisit> {
  const { seed, signal } = options;
  const byNode = new Map<Node, LayerWork>();
  for (const work of works) {
    const { columns } = work.problem;
    if (columns > MOST) onMissed(work, `it has ${columns} inputs: moments are taken of at most ${MOST}`);
    else for (const { node } of work.layer.views) byNode.set(node, work);
  }
  if (byNode.size === 0) return;
  const streams = arrive ? 'both' : 'quantized';
  const walk = await layerwise(model, byNode.keys(), data, { streams, ...(signal ? { signal } : {}) });
  const missed = new Set<LayerWork>();
  const miss = (work: LayerWork, reason: string) => {
    missed.add(work);
    onMissed(work, reason);
  };
  for (const { node, reason } of walk.unreached) miss(byNode.get(node)!, `no inputs of it were seen: ${reason}`);
  const sums = new Map<LayerWork, Sums>();
  for await (const step of walk) {
    const views = step.nodes.flatMap((node) => {
      const work = byNode.get(node);
      return work && !missed.has(work) ? work.layer.views.filter((view) => view.node === node) : [];
    });
    const cross = arrive !== undefined;
    for (const [view, moments] of await inputMoments(step, views, { cross, seed })) {
      const work = byNode.get(view.node)!;
      if (!sums.has(work)) arrive?.(work, step);
      if (!moments || moments.count === 0) {
        miss(work, 'no inputs of it were seen');
        continue;
      }
      const second = moments.second[0]!;
      const sum = added(sums.get(work), second, moments.cross?.[0] ?? second, moments.count, work.layer.views.length);
      sums.set(work, sum);
      if (sum.waiting > 0) continue;
      yield { work, moments: sum, step };
      // The entry stays, its sums go.
      sums.set(work, { ...sum, second: new Float64Array(0), cross: new Float64Array(0) });
    }
  }
}

/** The mean over what was seen so far. */
function added(sum: Sums | undefined, second: Float64Array, cross: Float64Array, count: number, of: number): Sums {
  if (!sum) return { second, cross, count, waiting: of - 1 };
  const total = sum.count + count;
  const mean = (a: Float64Array, b: Float64Array) => a.map((x, i) => (x * sum.count + b[i]! * count) / total);
  return {
    second: mean(sum.second, second),
    cross: mean(sum.cross, cross),
    count: total,
    waiting: sum.waiting - 1,
  };
}
