/** A closed polygon: x and y of its corners in turn, in pixels, y downwards. */
export type Contour = readonly number[];

/**
 * Coverage in [0, 1] of every pixel of a `width` x `height` image by the inside of the contours (non-zero winding).
 *
 * Each edge leaves its signed area in an accumulation buffer, a running sum along a row turns areas into coverage: exact for
 * straight edges. Additions, multiplications and divisions only, so that the bytes are the same on every machine.
 * What sticks out of the image is cut. Cost: linear in pixels crossed.
 *
 * Source: R. Levien, "Inside the fastest font renderer in the world" (font-rs), 2016.
 */
export function rasterize(contours: readonly Contour[], width: number, height: number): Float32Array {
  // Two columns beyond the border take what lies right of it, and are never read.
  const stride = width + 2;
  const areas = new Float64Array(stride * height);
  for (const contour of contours) {
    const count = contour.length / 2;
    for (let i = 0; i < count; i++) {
      const j = (i + 1) % count;
      addEdge(areas, stride, height, [contour[2 * i]!, contour[2 * i + 1]!, contour[2 * j]!, contour[2 * j + 1]!]);
    }
  }
  const coverage = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    let sum = 0;
    for (let x = 0; x < width; x++) {
      sum += areas[y * stride + x]!;
      coverage[y * width + x] = Math.min(1, Math.abs(sum));
    }
  }
  return coverage;
}

type Edge = readonly [x0: number, y0: number, x1: number, y1: number];

function addEdge(areas: Float64Array, stride: number, height: number, edge: Edge): void {
  const [x0, y0, x1, y1] = edge;
  if (y0 === y1) return;
  const direction = y0 < y1 ? 1 : -1;
  const top = direction > 0 ? { x: x0, y: y0 } : { x: x1, y: y1 };
  const bottomY = Math.max(y0, y1);
  const slope = (x1 - x0) / (y1 - y0);
  for (let row = Math.max(0, Math.floor(top.y)); row < Math.min(height, Math.ceil(bottomY)); row++) {
    const from = Math.max(row, top.y);
    const to = Math.min(row + 1, bottomY);
    const xFrom = top.x + (from - top.y) * slope;
    const xTo = top.x + (to - top.y) * slope;
    addRow(areas, row * stride, stride, Math.min(xFrom, xTo), Math.max(xFrom, xTo), direction * (to - from));
  }
}

/** Spreads one row's signed height `amount` of an edge that runs from `left` to `right` within the row. */
function addRow(
  areas: Float64Array,
  offset: number,
  stride: number,
  left: number,
  right: number,
  amount: number,
): void {
  const low = Math.min(Math.max(left, 0), stride - 2);
  const high = Math.min(Math.max(right, low), stride - 2);
  const first = Math.floor(low);
  const last = Math.floor(high);
  if (first === last) {
    const inside = amount * (1 - ((low + high) / 2 - first));
    areas[offset + first]! += inside;
    areas[offset + first + 1]! += amount - inside;
    return;
  }
  // Per pixel of horizontal run; the covered area right of the edge grows by a triangle, then by trapezoids.
  const perPixel = amount / (high - low);
  let previous = 0;
  for (let x = first; x <= last; x++) {
    const a = Math.max(low, x);
    const b = Math.min(high, x + 1);
    const height = perPixel * (b - a);
    const before = perPixel * (a - low);
    const covered = before + height * (1 - ((a + b) / 2 - x));
    areas[offset + x]! += covered - previous;
    previous = covered;
  }
  areas[offset + last + 1]! += amount - previous;
}
