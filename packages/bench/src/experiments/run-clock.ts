import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

const EVERY_MS = 5000;

/** Seconds that a run has taken in all, also where it was stopped and went on: a file keeps them. */
export class RunClock {
  readonly #before: number;
  readonly #start = performance.now();
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly file: string) {
    this.#before = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
    this.#timer = setInterval(() => this.#write(), EVERY_MS);
  }

  seconds(): number {
    return this.#before + (performance.now() - this.#start) / 1000;
  }

  /** The run is at its end, or stops on its way. */
  stop(): void {
    clearInterval(this.#timer);
    this.#write();
  }

  #write(): void {
    writeFileSync(`${this.file}.part`, String(this.seconds()));
    renameSync(`${this.file}.part`, this.file);
  }
}
