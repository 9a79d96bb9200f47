import { seededRandom, type SeededRandom } from '../seeded-random.js';
import { randomLine } from './corpus.js';
import { faces, outlineText } from './glyph-outlines.js';
import { rasterize, type Contour } from './rasterize.js';

// Local names: jest looks each global up through its sandbox, a hundred times slower.
const { max, min, round } = Math;

/** Rows of an input image of PP-OCR's recogniser. */
const imageHeight = 48;
/** Widths are rounded up to a multiple of this, so that a thousand lines have a few dozen shapes. */
const widthStep = 32;
/** The least width, PaddleOCR's default for short lines. */
const minimumWidth = 320;

/** One tensor to feed: row-major `data` of shape `dims`. */
export interface OcrTensor {
  readonly data: Float32Array;
  readonly dims: readonly [1, 3, number, number];
}

/** One rendered line with what it says. */
export interface RenderedLine {
  readonly text: string;
  /** The input of PP-OCR rec: `x` f32 [1, 3, 48, w], (v / 255 - 0.5) / 0.5, zero right of the image. */
  readonly feeds: { readonly x: OcrTensor };
}

/** What to render. */
export interface RenderOptions {
  /** Lines to make, an integer >= 0. */
  readonly count: number;
  /** Integer; another seed gives other lines, the same seed the same bytes. */
  readonly seed: number;
}

/** Yields `count` text lines, each an image with its text; line `i` depends on the seed and `i` only. */
export function* renderLines({ count, seed }: RenderOptions): Generator<RenderedLine> {
  for (let i = 0; i < count; i++) {
    // 2654435761 is 2^32 over the golden ratio: neighbouring seeds and indices land far apart.
    yield renderLine(seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(i + 1, 2654435761)));
  }
}

function renderLine(random: SeededRandom): RenderedLine {
  const text = randomLine(random);
  const size = random.between(30, 37);
  const { contours, advance } = outlineText(random.pick(faces), text, size);
  const margin = random.between(4, 10);
  const inkWidth = Math.ceil(advance + 2 * margin);
  const width = Math.max(minimumWidth, Math.ceil(inkWidth / widthStep) * widthStep);
  // The baseline may climb or fall by 3 px over the line: a crop whose skew was not quite removed.
  const drift = random.between(-3, 3) / inkWidth;
  // 0.35 em below the middle puts the x-height's centre there.
  const baseline = imageHeight / 2 + 0.35 * size + random.between(-1.5, 1.5);
  const placed = contours.map((contour) => place(contour, margin, baseline, drift));
  const sharp = rasterize(placed, inkWidth, imageHeight);
  const coverage = random.next() < 0.3 ? blur(sharp, inkWidth) : sharp;
  return { text, feeds: { x: paint(coverage, inkWidth, width, random) } };
}

function place(contour: Contour, margin: number, baseline: number, drift: number): Contour {
  return contour.map((value, i) =>
    i % 2 === 0 ? value + margin : value + baseline + drift * (contour[i - 1]! + margin),
  );
}

/** Averages each pixel with its neighbours in the row and in the column, weights 1 2 1: a lens slightly out of focus. */
function blur(coverage: Float32Array, width: number): Float32Array {
  const along = coverage.map((v, i) => (2 * v + (coverage[i - 1] ?? v) + (coverage[i + 1] ?? v)) / 4);
  return along.map((v, i) => (2 * v + (along[i - width] ?? v) + (along[i + width] ?? v)) / 4);
}

/** Colours the coverage (8-bit, with noise, sometimes light on dark), normalises it and pads it to `width` with zeros. */
function paint(coverage: Float32Array, inkWidth: number, width: number, random: SeededRandom): OcrTensor {
  const paper = random.between(190, 255);
  const ink = random.between(0, 140);
  const inverted = random.next() < 0.15;
  const noise = random.between(0, 9);
  const tints = [0, 1, 2].map(() => random.between(-12, 12));
  const plane = imageHeight * width;
  const data = new Float32Array(3 * plane);
  for (let y = 0; y < imageHeight; y++) {
    for (let x = 0; x < inkWidth; x++) {
      const share = coverage[y * inkWidth + x]!;
      const grain = noise * random.normal();
      for (let channel = 0; channel < 3; channel++) {
        const level = (paper + tints[channel]!) * (1 - share) + ink * share + grain;
        const byte = min(255, max(0, round(inverted ? 255 - level : level)));
        data[channel * plane + y * width + x] = (byte / 255 - 0.5) / 0.5;
      }
    }
  }
  return { data, dims: [1, 3, imageHeight, width] };
}
