import { Tensor } from '@gossamer/graph';
import type { Batch, DataSource } from '@gossamer/runtime';
import { batchSource } from '../batch-source.js';
import { renderLines, type RenderOptions } from './render-lines.js';

/** Rendered lines as samples of PP-OCR rec: feeds `x`, targets the text of each line (for the metric `cer`). */
export function lineSource(options: RenderOptions): DataSource {
  const describe = `${options.count} rendered text lines, seed ${options.seed}`;
  return batchSource(describe, options.count, () => batches(options));
}

function* batches(options: RenderOptions): Generator<Batch> {
  for (const { text, feeds } of renderLines(options)) {
    const { data, dims } = feeds.x;
    yield {
      feeds: { x: Tensor.of('float32', dims, data) },
      targets: Tensor.ofStrings([1], [new TextEncoder().encode(text)]),
      count: 1,
    };
  }
}
