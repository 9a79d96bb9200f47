/** Measurements by what was measured; numbers are finite. */
export type Journal = Readonly<Record<string, number>>;

/** Beyond this a loss says only that the result is useless; infinities, which sums and JSON cannot hold, are cut to it. */
const MOST = 1e6;

/** Looks measurements up before it takes them, and keeps all that were asked for. */
export class JournalKeeper {
  readonly #entries = new Map<string, number>();

  constructor(
    private readonly known: Journal = {},
    private readonly onMeasured?: (key: string, value: number) => void,
  ) {}

  async measure(key: string, take: () => Promise<number>): Promise<number> {
    const seen = this.#entries.get(key) ?? (Object.hasOwn(this.known, key) ? this.known[key] : undefined);
    const value = seen ?? finite(await take());
    if (seen === undefined) this.onMeasured?.(key, value);
    this.#entries.set(key, value);
    return value;
  }

  get journal(): Journal {
    return Object.fromEntries(this.#entries);
  }
}

const finite = (value: number): number => (Number.isNaN(value) ? MOST : Math.min(MOST, Math.max(-MOST, value)));
