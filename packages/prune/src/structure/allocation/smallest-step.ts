/** The smallest of the integers 0..last at which a test that goes from false to true is true; `last` where none is. */
export function smallestStep(last: number, test: (step: number) => boolean): number {
  let [low, high] = [0, last];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (test(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
