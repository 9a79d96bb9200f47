import { type Model, type Node, type WeightView, weightsOf } from '@gossamer/graph';
import { type DataSource, inputMoments, layerwise } from '@gossamer/runtime';
import { badOption } from '../errors.js';
import { layerMatrix } from '../equalize/layer-matrix.js';
import { normalizedMeans } from '../equalize/normalized-means.js';

/** Means of what the columns of each matrix of a weight multiply in the float model, [columns] a matrix; undefined where they are not known. */
export type MeansOf = (view: WeightView) => readonly Float64Array[] | undefined;

/** Operators whose biases are corrected. */
const LAYERS = /^(Conv|Gemm|MatMul)$/;

/** The weights that a bias can answer for. */
export function correctable(model: Model): WeightView[] {
  return [...model.graph.scopes()].flatMap((graph) => [...graph.nodes()].flatMap(weightOf));
}

/** Whether a bias can answer for the weight. */
export function isCorrectable({ node, role, inputIndex, isQuantized }: WeightView): boolean {
  return node.domain === '' && LAYERS.test(node.op) && role === 'weight' && inputIndex === 1 && !isQuantized;
}

const weightOf = (node: Node): WeightView[] => weightsOf(node).filter(isCorrectable);

/** Means for the layers of `copy`: over the calibration data, else those that the norms of `model`, which `copy` may have folded, tell. Throws ERR_CALIBRATION_DATA where they tell none. */
export async function meansOf(model: Model, copy: Model, options: MeanOptions): Promise<MeansOf> {
  return options.data ? measuredMeans(copy, options.data, options) : knownMeans(model);
}

interface MeanOptions {
  readonly data?: DataSource | undefined;
  readonly seed: number;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Means over data: one run of the model, layer by layer. */
async function measuredMeans(model: Model, data: DataSource, { seed, threads, signal }: MeanOptions): Promise<MeansOf> {
  const found = new Map<string, readonly Float64Array[]>();
  const nodes = new Set(correctable(model).map(({ node }) => node));
  const walk = await layerwise(model, nodes, data, {
    ...(threads === undefined ? {} : { threads }),
    ...(signal ? { signal } : {}),
  });
  for await (const step of walk) {
    // A weight that layers share is a view of the first; the others have inputs of their own.
    const views = step.nodes.filter((node) => nodes.has(node)).flatMap(weightOf);
    for (const [{ layerId }, moments] of await inputMoments(step, views, { seed })) {
      if (moments) found.set(layerId, moments.mean);
    }
  }
  return ({ layerId }) => found.get(layerId);
}

/** Means of convolutions' inputs behind BatchNormalization, which `model` still has, for the same layers of a model that may have folded it. Borders are taken to be like the rest. */
function knownMeans(model: Model): MeansOf {
  const channels = normalizedMeans(model);
  if (channels.size === 0) {
    const text = 'calibration data, or convolutions behind BatchNormalization, for biasCorrection';
    badOption('data', text, undefined, 'ERR_CALIBRATION_DATA');
  }
  return (view) => {
    const means = channels.get(view.layerId);
    if (!means) return undefined;
    const { groups, columns, columnChannel } = layerMatrix(view);
    return Array.from({ length: groups }, (_, group) =>
      Float64Array.from({ length: columns }, (__, column) => means[columnChannel(group, column)]!),
    );
  };
}
