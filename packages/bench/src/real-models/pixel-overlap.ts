import { float32View, type Metric } from '@gossamer/runtime';

/** Where PaddleOCR cuts the detector's map. Source: PaddleOCR, DBPostProcess, `thresh`. */
const threshold = 0.3;

/** Intersection over union, over all samples, of the text pixels (first output > 0.3) of a detector and of its reference. 1: equal. */
export function pixelOverlap(): Metric {
  let both = 0;
  let either = 0;
  let samples = 0;
  return {
    name: 'pixel overlap',
    better: 'higher',
    needs: 'reference',
    update(outputs, batch) {
      const [map] = Object.values(outputs).map(float32View);
      const [wanted] = Object.values(batch.reference ?? {}).map(float32View);
      map!.forEach((value, i) => {
        const [found, expected] = [value > threshold, wanted![i]! > threshold];
        if (found && expected) both++;
        if (found || expected) either++;
      });
      samples += batch.count;
    },
    result: () => ({
      metric: 'pixel overlap',
      value: either === 0 ? 1 : both / either,
      samples,
      details: { both, either },
    }),
  };
}
