/** What of a weight stays as it is, whatever is done to it. */
export const PRESERVE = ['auto', 'zeros', 'none'] as const;
export type Preserve = (typeof PRESERVE)[number];

/** Share of zeros from which 'auto' takes a weight for pruned: no dense one has so many by chance, and nothing is pruned by less. */
const PRUNED_SHARE = 0.1;

/** 0 where an element of a weight is 0 and has to stay so, 1 elsewhere; undefined: nothing has to. */
export function keptOf(data: Float32Array, preserve: Preserve): Uint8Array | undefined {
  if (preserve === 'none') return undefined;
  const zeros = data.reduce((count, value) => count + (value === 0 ? 1 : 0), 0);
  if (zeros === 0 || (preserve === 'auto' && zeros < PRUNED_SHARE * data.length)) return undefined;
  return Uint8Array.from(data, (value) => (value === 0 ? 0 : 1));
}
