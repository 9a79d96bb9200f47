import type { EpochRecord, StepRecord } from '@gossamer/train';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lossCurves } from './loss-curves.js';

/** Updates between lines of the log. */
const EVERY = 10;

/** Writes what a training says, one JSON document a line: updates (every tenth) and epochs. */
export class TrainingLog {
  readonly #path: string;
  #isOpen = false;

  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#path = join(folder, 'log.jsonl');
  }

  readonly step = (record: StepRecord): void => {
    if (!this.#isOpen) this.#open(record.step);
    if (record.step % EVERY === 0) this.#append(record);
  };

  readonly epoch = (record: EpochRecord): void => this.#append(record);

  /** Writes the curves of the whole training. */
  finish(history: readonly EpochRecord[], metric: string): void {
    writeFileSync(join(this.folder, 'curves.svg'), lossCurves(history, metric));
  }

  /** A training that is resumed makes updates again that came after its checkpoint: their lines go. */
  #open(first: number): void {
    this.#isOpen = true;
    if (!existsSync(this.#path)) return;
    const lines = readFileSync(this.#path, 'utf8').split('\n');
    const kept = lines.filter((line) => line !== '' && (JSON.parse(line) as StepRecord).step < first);
    writeFileSync(this.#path, kept.map((line) => `${line}\n`).join(''));
  }

  #append(record: object): void {
    appendFileSync(this.#path, `${JSON.stringify(record)}\n`);
  }
}
