import type { EpochRecord, StepRecord } from '@gossamer/train';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lossCurves } from './loss-curves.js';

/** A line of the log, an update's or an epoch's. */
type Line = Pick<EpochRecord, 'step'> & Partial<Pick<EpochRecord, 'epoch'>>;

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
    if (!this.#isOpen) this.#open(({ step }) => step < record.step);
    if (record.step % EVERY === 0) this.#append(record);
  };

  readonly epoch = (record: EpochRecord): void => {
    // Its last update was made before the interruption, and its end may be logged already.
    if (!this.#isOpen) this.#open(({ step, epoch }) => step < record.step || (step === record.step && !epoch));
    this.#append(record);
  };

  /** Writes the curves of the whole training. */
  finish(history: readonly EpochRecord[], metric: string): void {
    writeFileSync(join(this.folder, 'curves.svg'), lossCurves(history, metric));
  }

  /** A training that is resumed makes updates again that came after its checkpoint: their lines go, and one that a crash cut off. */
  #open(stays: (line: Line) => boolean): void {
    this.#isOpen = true;
    if (!existsSync(this.#path)) return;
    const lines = readFileSync(this.#path, 'utf8').split('\n');
    const kept = lines.filter((text) => {
      const line = parse(text);
      return line && stays(line);
    });
    writeFileSync(this.#path, kept.map((line) => `${line}\n`).join(''));
  }

  #append(record: object): void {
    appendFileSync(this.#path, `${JSON.stringify(record)}\n`);
  }
}

function parse(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}
