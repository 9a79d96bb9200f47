import type { Tensor } from '../../ir/tensor.js';
import { tfjsError } from '../error-codes.js';

/** `kernel` of `dense_Dense1/kernel`, `model/dense/kernel_1`, `lstm/lstm_cell/kernel:0`. */
const LAST_PART = /^(.*)\/([^/]+?)(?:_\d+)?(?::\d+)?$/;

/**
 * Finds the weights of layers. TF.js names a weight `<layer>/<weight>`; Python's Keras may put the names of enclosing models before
 * the layer's and that of a cell after it, and number repeated names.
 */
export class LayerWeights {
  readonly #byWeight = new Map<string, { readonly path: string; readonly full: string; readonly tensor: Tensor }[]>();

  constructor(tensors: ReadonlyMap<string, Tensor>) {
    for (const [full, tensor] of tensors) {
      const match = LAST_PART.exec(full);
      if (!match) continue;
      const [, path, weight] = match as unknown as [string, string, string];
      const list = this.#byWeight.get(weight) ?? [];
      list.push({ path, full, tensor });
      this.#byWeight.set(weight, list);
    }
  }

  /** True where some weight lies under the name of `layer`. */
  hasLayer(layer: string): boolean {
    return [...this.#byWeight.values()].flat().some(({ path }) => `/${path}/`.includes(`/${layer}/`));
  }

  /** The weight of a layer, or undefined; throws ERR_TFJS_WEIGHTS where two fit. */
  find(layer: string, weight: string): Tensor | undefined {
    const candidates = this.#byWeight.get(weight) ?? [];
    const exact = candidates.filter(({ path }) => path === layer);
    const fitting = exact.length > 0 ? exact : candidates.filter(({ path }) => `/${path}/`.includes(`/${layer}/`));
    if (fitting.length > 1) {
      const names = fitting.map(({ full }) => full).join(', ');
      throw tfjsError(
        'ERR_TFJS_WEIGHTS',
        `weight ${weight} of layer ${layer}: expected one, received ${names.slice(0, 200)}`,
      );
    }
    return fitting[0]?.tensor;
  }

  get(layer: string, weight: string, className: string): Tensor {
    const tensor = this.find(layer, weight);
    if (tensor) return tensor;
    throw tfjsError(
      'ERR_TFJS_WEIGHTS',
      `weight ${weight} of layer ${layer} (${className}): expected it in the weights manifest, received none`,
    );
  }
}
