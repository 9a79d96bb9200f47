/** Something smaller: how much stays, what that changes, what it saves. `kept` falls and `saved` grows along a list. */
export interface Smaller {
  readonly kept: number;
  readonly change: number;
  readonly saved: number;
}

/** A stretch along which each thing saved costs `price`. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly price: number;
}

/** The lower convex hull of change over what is saved, from `had` down to the last point: prices ascend. */
export function convexSegments(had: number, points: readonly Smaller[]): Segment[] {
  const segments: Segment[] = [];
  let at: Smaller = { kept: had, change: 0, saved: 0 };
  for (let first = 0; first < points.length;) {
    const price = (i: number) => (points[i]!.change - at.change) / Math.max(1, points[i]!.saved - at.saved);
    let best = first;
    for (let i = first + 1; i < points.length; i++) if (price(i) <= price(best)) best = i;
    segments.push({ from: at.kept, to: points[best]!.kept, price: price(best) });
    at = points[best]!;
    first = best + 1;
  }
  return segments;
}
