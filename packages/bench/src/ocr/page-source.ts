import { Tensor } from '@gossamer/graph';
import type { Batch, DataSource } from '@gossamer/runtime';
import { batchSource } from '../batch-source.js';
import { renderLines, type RenderOptions, type RenderedLine } from './render-lines.js';

/** Size of a page for the detector, whose sides must be multiples of 32. */
const pageHeight = 480;
const pageWidth = 640;
/** Lines on a page, and pixels from one to the next. */
const linesPerPage = 6;
const lineStep = 76;
const lineHeight = 48;

/** PaddleOCR's detector normalises with ImageNet's mean and deviation. Source: PaddleOCR, `det_mv3_db.yml`, NormalizeImage. */
const means = [0.485, 0.456, 0.406];
const deviations = [0.229, 0.224, 0.225];

/** Pages of six rendered lines as samples of PP-OCR det: feeds `x` f32 [1, 3, 480, 640]. No labels: for comparing two models. */
export function pageSource({ count, seed }: RenderOptions): DataSource {
  const describe = `${count} pages of rendered text lines, seed ${seed}`;
  return batchSource(describe, count, () => pages(count, seed));
}

function* pages(count: number, seed: number): Generator<Batch> {
  const lines = renderLines({ count: count * linesPerPage, seed });
  for (let page = 0; page < count; page++) {
    // Light grey paper.
    const levels = new Float32Array(3 * pageHeight * pageWidth).fill(0.85);
    for (let row = 0; row < linesPerPage; row++) putLine(levels, lines.next().value as RenderedLine, row);
    const plane = pageHeight * pageWidth;
    const data = levels.map((level, i) => {
      const channel = Math.floor(i / plane);
      return (level - means[channel]!) / deviations[channel]!;
    });
    yield { feeds: { x: Tensor.of('float32', [1, 3, pageHeight, pageWidth], data) }, count: 1 };
  }
}

/** Copies a line, back in levels of 0 to 1 and cut at the page's edge, to its place. */
function putLine(levels: Float32Array, { feeds }: RenderedLine, row: number): void {
  const { data, dims } = feeds.x;
  const left = 16 + 8 * row;
  const width = Math.min(dims[3], pageWidth - left);
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < lineHeight; y++) {
      const from = (channel * lineHeight + y) * dims[3];
      const to = (channel * pageHeight + 14 + row * lineStep + y) * pageWidth + left;
      for (let x = 0; x < width; x++) {
        const value = data[from + x]!;
        // 0 is the padding right of a line: there the paper shows.
        if (value !== 0) levels[to + x] = 0.5 + value / 2;
      }
    }
  }
}
