import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RunClock } from './run-clock.js';

/** What one run of an experiment found. */
export interface Outcome {
  /** Figures by name: errors, perplexity, seconds. */
  readonly figures: Readonly<Record<string, number>>;
  /** Which test samples were right, one byte each, in base64; where classifiers are compared. */
  readonly right?: string;
}

/** One run: an experiment with one seed. */
export interface ExperimentRun {
  readonly name: string;
  readonly seed: number;
  /** All that decides the result, in words and numbers: a run of another recipe is another run. */
  readonly recipe: object;
  run(folder: string): Promise<Outcome>;
}

/** Runs are kept in a folder each: a result as soon as it is there, else the checkpoint that it goes on from. */
export class ExperimentStore {
  constructor(private readonly folder: string) {}

  /** The folder of a run among the `runs` of a suite. */
  static folderOf(runs: string, { name, seed, recipe }: ExperimentRun): string {
    const text = JSON.stringify([name, seed, recipe]);
    return join(runs, `${name}-seed${seed}-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`);
  }

  /** The kept result of a run, or a new one. */
  async measure(experiment: ExperimentRun, say: (line: string) => void): Promise<Outcome> {
    const { name, seed } = experiment;
    const folder = ExperimentStore.folderOf(this.folder, experiment);
    const file = join(folder, 'outcome.json');
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as Outcome;
    say(`${name}, seed ${seed}`);
    mkdirSync(folder, { recursive: true });
    const clock = new RunClock(join(folder, 'seconds'));
    const outcome = await experiment.run(folder).finally(() => clock.stop());
    const figures = { ...outcome.figures, seconds: clock.seconds() };
    writeFileSync(`${file}.part`, `${JSON.stringify({ ...outcome, figures })}\n`);
    renameSync(`${file}.part`, file);
    say(
      `${name}, seed ${seed}: ${Object.entries(figures)
        .map(([key, value]) => `${key} ${value.toPrecision(5)}`)
        .join(', ')}`,
    );
    return { ...outcome, figures };
  }
}
