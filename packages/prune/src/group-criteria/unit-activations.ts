import type { Tensor, Value } from '@gossamer/graph';
import { type Batch, float32View, type Outputs, Session } from '@gossamer/runtime';
import type { PruneUnit } from '../groups/prune-group.js';
import type { GroupContext } from './group-criterion.js';
import { tappedSlices } from './tapped-values.js';

/** What a unit has of one activation in one sample. */
export interface UnitActivation {
  /** Place of the group, of the unit in it, and of the activation among those looked at. */
  readonly group: number;
  readonly unit: number;
  readonly tap: number;
  /** Elements, row by row of the axes that are left; written over for the next. */
  readonly values: Float32Array;
  /** Length of the activation's last axis, where that is not the unit's own; else 1. */
  readonly columns: number;
  /** Place of the sample, and its class where the data say it. */
  readonly sample: number;
  readonly label: number | undefined;
}

/**
 * Runs the samples and shows every unit's activations, sample by sample. Steps of a sequence count as samples. Returns the number of samples.
 * ERR_FEEDS and the like come from the session.
 */
export async function visitActivations(
  { model, groups, data, samples, threads, signal, onProgress }: GroupContext,
  visit: (activation: UnitActivation) => void,
): Promise<number> {
  const taps = groups.map(({ units }) => tappedSlices(units[0]!));
  const probe = model.clone();
  const names = new Set<string>();
  groups.forEach(({ units }, i) => taps[i]!.forEach((tap) => names.add(units[0]!.slices[tap]!.value.name)));
  for (const name of names) {
    const value: Value = probe.graph.value(name)!;
    if (!value.isOutput) probe.graph.addOutput(value);
  }
  const session = await Session.open(probe, {
    ...(threads === undefined ? {} : { threads }),
    ...(signal ? { signal } : {}),
  });
  let done = 0;
  try {
    const show = (outputs: Outputs, batch: Batch) => {
      const labels = batch.labels?.toFloat64();
      for (let row = 0; row < batch.count && done < samples; row++, done++) {
        const label = labels?.length === batch.count ? labels[row] : undefined;
        groups.forEach(({ units }, group) =>
          taps[group]!.forEach((place, tap) =>
            units.forEach((unit, u) => {
              const tensor = outputs[unit.slices[place]!.value.name]!;
              const own = valuesOf(unit, place, tensor, row, batch);
              visit({ group, unit: u, tap, ...own, sample: done, label });
            }),
          ),
        );
      }
    };
    const request = { inputs: session.inputs, batchSize: 1, limit: samples, ...(signal ? { signal } : {}) };
    for await (const batch of data!.batches(request)) {
      if (batch.steps) {
        const stepper = session.stepper();
        for (const step of batch.steps) show(await stepper.step({ ...batch.feeds, ...step }), batch);
      } else show(await session.run(batch.feeds, { outputs: [...names] }), batch);
      onProgress({ stage: 'activations', done, total: samples });
      // A run blocks the event loop: let timers, signals and progress through in between.
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
      if (done >= samples) break;
    }
  } finally {
    await session.dispose();
  }
  return done;
}

/** The slice of a unit, of one row where the first axis is the batch; else of the whole tensor. */
function valuesOf(unit: PruneUnit, place: number, tensor: Tensor, row: number, batch: Batch) {
  const { axis, indices } = unit.slices[place]!;
  const { dims } = tensor;
  const data = float32View(tensor);
  const isBatched = axis > 0 && dims[0] === (batch.rows ?? batch.count);
  const rowLength = dims.slice(1).reduce((a, b) => a * b, 1);
  const inner = dims.slice(axis + 1).reduce((a, b) => a * b, 1);
  const outer = dims.slice(isBatched ? 1 : 0, axis).reduce((a, b) => a * b, 1);
  const values = new Float32Array(outer * indices.length * inner);
  const first = isBatched ? row * rowLength : 0;
  let at = 0;
  for (let o = 0; o < outer; o++) {
    for (const index of indices) {
      const start = first + (o * dims[axis]! + index) * inner;
      values.set(data.subarray(start, start + inner), at);
      at += inner;
    }
  }
  return { values, columns: axis === dims.length - 1 ? 1 : dims.at(-1)! };
}
