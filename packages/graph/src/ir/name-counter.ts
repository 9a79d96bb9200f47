/**
 * Finds free names `base_1`, `base_2`, ... without trying those again that were taken the last time: making n names from one base costs
 * O(n). A name that becomes free is found again.
 */
export class NameCounter {
  readonly #next = new Map<string, number>();

  /** The first free one of `base`, `base_1`, `base_2`, ...; never ''. */
  find(base: string, isTaken: (name: string) => boolean): string {
    if (base !== '' && !isTaken(base)) return base;
    let suffix = this.#next.get(base) ?? 1;
    while (isTaken(`${base}_${suffix}`)) suffix++;
    this.#next.set(base, suffix);
    return `${base}_${suffix}`;
  }

  /** Says that `name` may be free now. */
  release(name: string): void {
    if (this.#next.size > 0) this.#next.delete(name.slice(0, Math.max(0, name.lastIndexOf('_'))));
  }
}
