import type { Tensor } from '@gossamer/graph';
import { GossamerError, type Model } from '@gossamer/graph';
import { sliceRows } from '@gossamer/runtime';
import type { TrainErrorCode } from '../error-codes.js';
import type { LossGraph } from '../step/build-training-graph.js';

/** Which inputs of a graph of training are the same for every part of a batch, and which are cut along their first axis. */
export interface BatchCut {
  readonly parts: number;
  readonly shared: readonly string[];
  readonly cut: readonly string[];
}

/**
 * Compares the graph of the whole batch with that of one of `parts` equal parts. Throws ERR_TRAIN_OPTIONS where the batch does not come apart: its size
 * is no multiple of `parts`, the file fixes it, or an input has its samples on another axis than the first.
 */
export function planCut(whole: LossGraph, part: LossGraph, parts: number): BatchCut {
  if (part.batch * parts !== whole.batch) {
    throw new GossamerError<TrainErrorCode>(
      'ERR_TRAIN_OPTIONS',
      `shards: expected a batch that ${parts} parts share equally, of a model whose batch is open, received a batch of ${whole.batch} in parts of ${part.batch}`,
    );
  }
  const cut: string[] = [];
  const shared: string[] = [];
  for (const { name } of part.model.graph.inputs) {
    const [of, all] = [dimsOf(part.model, name), dimsOf(whole.model, name)];
    const multiple = all && [all[0]! / parts, ...all.slice(1)];
    if (of.join() === all?.join()) shared.push(name);
    else if (of.join() === multiple?.join()) cut.push(name);
    else {
      throw new GossamerError<TrainErrorCode>(
        'ERR_TRAIN_OPTIONS',
        `shards: expected inputs with samples on their first axis, received ${name} [${all?.join() ?? 'none'}], whose part is [${of.join()}]`,
      );
    }
  }
  return { parts, shared, cut };
}

/** Feeds of part `index` that other parts do not have. */
export function cutFeeds(
  { cut, parts }: BatchCut,
  feeds: Readonly<Record<string, Tensor>>,
  index: number,
): Record<string, Tensor> {
  return Object.fromEntries(
    cut.map((name) => {
      const tensor = feeds[name]!;
      const rows = tensor.dims[0]! / parts;
      return [name, sliceRows(tensor, index * rows, (index + 1) * rows)];
    }),
  );
}

/** Feeds that every part has. */
export const sharedFeeds = ({ shared }: BatchCut, feeds: Readonly<Record<string, Tensor>>): Record<string, Tensor> =>
  Object.fromEntries(shared.map((name) => [name, feeds[name]!]));

function dimsOf(model: Model, name: string): readonly number[] {
  const type = model.graph.value(name)?.type;
  return type?.kind === 'tensor' ? (type.shape as readonly number[]) : [];
}
