import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';

/** A measurement a line, as JSON [what, value], behind a line that says what all of them were made from. A line that a crash cut off is left out. */
export class MeasurementLog {
  /** Measurements of an earlier run with the same facts, by what was measured. */
  readonly known: Readonly<Record<string, number>>;
  /** Measurements that were not known. */
  added = 0;
  readonly #head: string;
  #isOpen: boolean;

  constructor(
    readonly path: string,
    facts: object,
  ) {
    this.#head = createHash('sha256').update(JSON.stringify(facts)).digest('hex');
    const [head, ...lines] = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    this.#isOpen = head === this.#head;
    this.known = this.#isOpen ? Object.fromEntries(lines.map(parse).filter((line) => line !== undefined)) : {};
  }

  /** Appends a measurement; a log of other facts is replaced by the first one. */
  readonly add = (key: string, value: number): void => {
    if (!this.#isOpen) writeFileSync(this.path, this.#head);
    this.#isOpen = true;
    this.added++;
    // The line's end goes before it: what a crash cut off does not run into the next line.
    appendFileSync(this.path, `\n${JSON.stringify([key, value])}`);
  };
}

function parse(line: string): [string, number] | undefined {
  try {
    const [key, value] = JSON.parse(line) as [unknown, unknown];
    return typeof key === 'string' && typeof value === 'number' ? [key, value] : undefined;
  } catch {
    return undefined;
  }
}
