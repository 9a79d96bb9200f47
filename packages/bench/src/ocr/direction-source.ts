import { Tensor } from '@gossamer/graph';
import type { Batch, DataSource } from '@gossamer/runtime';
import { batchSource } from '../batch-source.js';
import { type RenderedLine, renderLines, type RenderOptions } from './render-lines.js';

/** Columns that the direction classifier sees of a line. */
const width = 192;
const height = 48;

/** The left ends of rendered lines, every other one upside down, as samples of PP-OCR cls: `x` f32 [1, 3, 48, 192], label 1 when turned. */
export function directionSource({ count, seed }: RenderOptions): DataSource {
  const describe = `${count} line ends, every other one upside down, seed ${seed}`;
  return batchSource(describe, count, () => batches(count, seed));
}

function* batches(count: number, seed: number): Generator<Batch> {
  let index = 0;
  for (const line of renderLines({ count, seed })) {
    const turned = index++ % 2;
    const data = leftEnd(line);
    if (turned === 1) turnPlanes(data);
    yield {
      feeds: { x: Tensor.of('float32', [1, 3, height, width], data) },
      labels: Tensor.fromNumbers('int64', [1], [turned]),
      count: 1,
    };
  }
}

function leftEnd({ feeds }: RenderedLine): Float32Array {
  const { data, dims } = feeds.x;
  const cut = new Float32Array(3 * height * width);
  for (let row = 0; row < 3 * height; row++) cut.set(data.subarray(row * dims[3], row * dims[3] + width), row * width);
  return cut;
}

/** A turn by 180 degrees reverses each plane. */
function turnPlanes(data: Float32Array): void {
  const plane = height * width;
  for (let channel = 0; channel < 3; channel++) data.subarray(channel * plane, (channel + 1) * plane).reverse();
}
