import { GossamerError } from '@gossamer/graph';

/** Throws ERR_NOT_FINITE when the addon counted weights that are NaN or infinite: no code stands for them. */
export function requireFinite(name: string, nonFinite: Float64Array): void {
  const count = nonFinite[0]!;
  if (count === 0) return;
  throw new GossamerError('ERR_NOT_FINITE', `${name}: expected finite values, received ${count} NaN or infinite ones`);
}
