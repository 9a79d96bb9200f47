import type { Tensor } from '@gossamer/graph';
import { type LayerStep, sliceRows } from '@gossamer/runtime';
import { type Activations, joinRows } from './activations.js';

/** What a unit is learned from: all samples of each value, by name. */
export interface UnitData {
  /** Inputs of the unit behind the quantized layers before it. */
  readonly inputs: Activations;
  /** The same in the float model. */
  readonly floatInputs: Activations;
  /** Outputs of the unit in the float model. */
  readonly targets: Activations;
}

/** Reads all that a step of a walk with both streams keeps on disk into memory. */
export async function readUnit(step: LayerStep): Promise<UnitData> {
  const [inputs, floatInputs, targets] = [new Parts(), new Parts(), new Parts()];
  for await (const { quantized, float, outputs, count } of step.batches({ outputs: true })) {
    inputs.add(quantized, count);
    floatInputs.add(float!, count);
    targets.add(outputs!, count);
  }
  return { inputs: inputs.joined(), floatInputs: floatInputs.joined(), targets: targets.joined() };
}

class Parts {
  readonly #lists = new Map<string, Tensor[]>();

  /** Rows from `count` on fill a batch up. */
  add(tensors: Readonly<Record<string, Tensor>>, count: number): void {
    for (const [name, tensor] of Object.entries(tensors)) {
      const rows = tensor.dims[0] === count ? tensor : sliceRows(tensor, 0, count);
      const list = this.#lists.get(name);
      if (list) list.push(rows);
      else this.#lists.set(name, [rows]);
    }
  }

  joined(): Activations {
    return new Map([...this.#lists].map(([name, list]) => [name, joinRows(list)]));
  }
}
