/** Half a cosine from `from` (share 0) to `to` (share 1). */
export function anneal(from: number, to: number, share: number): number {
  return to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));
}
