import { type Model, type Node, weightsOf } from '@gossamer/graph';
import { clippedNormalMean } from './bias-correction.js';

/**
 * Means of what layers read, known without data: input channels of a layer behind BatchNormalization, with ReLU, Clip or nothing between,
 * taken as normal with the norm's shift and scale. By layer id, [input channels]. Models whose norms are folded already tell nothing.
 *
 * Source: Nagel et al. 2019, arXiv:1906.04721, section 4.2.1.
 */
export function normalizedMeans(model: Model): Map<string, Float64Array> {
  const means = new Map<string, Float64Array>();
  for (const graph of model.graph.scopes()) {
    for (const node of graph.nodes()) {
      const view = weightsOf(node).find(({ inputIndex }) => inputIndex === 1);
      const producer = node.input(0)?.producer;
      if (!view || !producer || !/^(Conv|ConvTranspose)$/.test(node.op)) continue;
      const bounds = boundsOf(producer);
      const norm = bounds ? producer.input(0)?.producer : producer;
      if (!norm?.isStandard('BatchNormalization')) continue;
      const [scale, shift] = [norm.input(1)?.constant?.toFloat32(), norm.input(2)?.constant?.toFloat32()];
      if (!scale || !shift) continue;
      const [low, high] = bounds ?? [-Infinity, Infinity];
      means.set(
        node.id,
        Float64Array.from(shift, (mean, c) => clippedNormalMean(mean, scale[c]!, low, high)),
      );
    }
  }
  return means;
}

/** What an activation clips to; undefined for any other operator. */
function boundsOf(node: Node): [number, number] | undefined {
  if (node.isStandard('Relu')) return [0, Infinity];
  if (!node.isStandard('Clip')) return undefined;
  const bound = (slot: number, name: string, open: number) =>
    node.input(slot) ? node.input(slot)!.constant?.toFloat32()[0] : node.float(name, open);
  const [low, high] = [bound(1, 'min', -Infinity), bound(2, 'max', Infinity)];
  return low === undefined || high === undefined ? undefined : [low, high];
}
