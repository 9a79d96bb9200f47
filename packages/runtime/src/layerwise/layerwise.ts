import { GossamerError, inferTypes, type Model } from '@gossamer/graph';
import type { RuntimeErrorCode } from '../error-codes.js';
import type { DataSource } from '../data/data-source.js';
import { DynamicValues } from './graph-reads.js';
import type { LayerStep } from './layer-step.js';
import { planSteps } from './plan-steps.js';
import { type LayerRequest, selectUnits, type UnreachedLayer } from './select-units.js';
import { takeBranches } from './take-branches.js';
import { type LayerwiseOptions, walk } from './walk-run.js';

/** Layers in topological order, each with its inputs. Every iteration begins anew, with the weights as they were given. */
export class LayerWalk implements AsyncIterable<LayerStep> {
  constructor(
    /** Steps: layers that read the same values make one. */
    readonly length: number,
    /** Layers that no step visits, each with its reason. */
    readonly unreached: readonly UnreachedLayer[],
    private readonly begin: () => AsyncGenerator<LayerStep>,
  ) {}

  [Symbol.asyncIterator](): AsyncIterator<LayerStep> {
    return this.begin();
  }
}

/**
 * Runs the data through a model layer by layer. The model is cut in front of each layer; what crosses a cut is kept on disk, one tensor a
 * value and batch, so that memory holds one segment between two cuts, one batch, and whatever the caller keeps. Every node runs once for
 * every batch (twice with streams 'both', behind replaced weights); nothing is computed again for a later layer.
 *
 * The model stays as it is, and must: new weights live in the walk. What it wrote is removed when the iteration ends, whether by its end,
 * `break`, an error or `signal`. State of sequences comes from the model as it was given, in both streams. Throws ERR_OPTION for nodes of another model, and for blocks that
 * overlap or wait for each other.
 */
export async function layerwise(
  model: Model,
  layers: Iterable<LayerRequest>,
  data: DataSource,
  options: LayerwiseOptions = {},
): Promise<LayerWalk> {
  const requests = [...layers];
  const scopes = new Set(model.scopes());
  const stranger = requests.flat().find(({ graph }) => !scopes.has(graph));
  if (stranger) {
    const text = `layers: expected nodes of the model, received ${stranger.id} of another one`;
    throw new GossamerError<RuntimeErrorCode>('ERR_OPTION', text);
  }
  const flat = await takeBranches(model, requests.flat(), data, options);
  const dynamic = new DynamicValues(flat.model.graph.nodes(), inferTypes(flat.model));
  const { units, unreached } = selectUnits(requests, flat.place, dynamic);
  const plan = planSteps(units, dynamic);
  return new LayerWalk(plan.length, unreached, () => walk({ model, flat, plan, data, options }));
}
