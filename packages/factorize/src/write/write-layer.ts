import type { LayerWork } from '../work.js';
import { removeWeight } from './remove-weight.js';
import { FactorStore } from './stage-weight.js';
import { writeConv } from './write-conv.js';
import { writeProduct } from './write-product.js';

/** Writes a layer's factors, once for all nodes that share its weight, which goes. */
export function writeLayer({ layer, factors }: LayerWork): void {
  const [first] = layer.views;
  const store = new FactorStore(first);
  const write = first.op === 'Conv' ? writeConv : writeProduct;
  for (const view of layer.views) write(view, factors!, store);
  removeWeight(layer.views);
}
