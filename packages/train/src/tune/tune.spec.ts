import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GossamerError } from '@gossamer/graph';
import { randomSearch } from './random-search.js';
import type { SearchSpace } from './search-space.js';
import { successiveHalving } from './successive-halving.js';
import { tpe } from './tpe.js';
import { type Evaluation, tune, type TuneOptions } from './tune.js';

const space: SearchSpace = { x: { kind: 'uniform', low: -1, high: 1 } };
const objective = ({ trial, fold }: Evaluation): number => (trial.configuration['x'] as number) ** 2 + fold;
const code = (name: string): Error => expect.objectContaining({ code: name }) as Error;

describe('tune', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gossamer-tune-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('gives each trial the mean over folds, and the best of them', async () => {
    const seen: number[] = [];
    const result = await tune(objective, {
      space,
      trials: 12,
      folds: 3,
      search: randomSearch(),
      onProgress: ({ trial, best }) => seen.push(trial.value! - best!.value!),
    });
    expect(result.trials).toHaveLength(12);
    for (const { configuration, value } of result.trials)
      expect(value).toBeCloseTo((configuration['x'] as number) ** 2 + 1, 12);
    expect(result.best!.value).toBe(Math.min(...result.trials.map(({ value }) => value!)));
    expect(seen).toHaveLength(12);
    expect(Math.min(...seen)).toBe(0);
  });

  it('goes on from its journal at any evaluation with the same trials, also after a torn line', async () => {
    const options: TuneOptions = { space, trials: 15, folds: 2, seed: 9, search: tpe({ startup: 4 }) };
    const whole = await tune(objective, options);
    const journal = join(folder, 'journal.jsonl');
    let calls = 0;
    const interrupted = (evaluation: Evaluation): number => {
      if (calls++ === 13) throw new Error('the power went');
      return objective(evaluation);
    };
    await expect(tune(interrupted, { ...options, journal })).rejects.toThrow('the power went');
    await appendFile(journal, '{"trial":6,"fo');
    calls = 0;
    const counted = (evaluation: Evaluation): number => {
      calls++;
      return objective(evaluation);
    };
    expect(await tune(counted, { ...options, journal })).toEqual(whole);
    expect(calls).toBe(30 - 13);
    // More trials follow the same journal; nothing is evaluated twice.
    calls = 0;
    expect((await tune(counted, { ...options, trials: 16, journal })).trials.slice(0, 15)).toEqual(whole.trials);
    expect(calls).toBe(2);
  });

  it('refuses the journal of another search, and one that is damaged', async () => {
    const journal = join(folder, 'journal.jsonl');
    const options: TuneOptions = { space, trials: 3, search: randomSearch(), journal };
    await tune(objective, options);
    await expect(tune(objective, { ...options, seed: 1 })).rejects.toThrow(code('ERR_CHECKPOINT'));
    await expect(tune(objective, { ...options, search: tpe() })).rejects.toThrow(code('ERR_CHECKPOINT'));
    await expect(tune(objective, { ...options, subject: { data: 'others' } })).rejects.toThrow(code('ERR_CHECKPOINT'));
    const lines = (await readFile(journal, 'utf8')).split('\n');
    await writeFile(journal, [lines[0], lines[2], ''].join('\n'));
    await expect(tune(objective, options)).rejects.toThrow(code('ERR_CHECKPOINT'));
    await writeFile(journal, [lines[0], 'x', ''].join('\n'));
    await expect(tune(objective, options)).rejects.toThrow(code('ERR_CHECKPOINT'));
  });

  it('leaves a file that is no journal as it is', async () => {
    const journal = join(folder, 'journal.jsonl');
    const options: TuneOptions = { space, trials: 3, search: randomSearch(), journal };
    for (const text of ['{"learningRate":0.1}', 'first\nsecond']) {
      await writeFile(journal, text);
      await expect(tune(objective, options)).rejects.toThrow(code('ERR_CHECKPOINT'));
      expect(await readFile(journal, 'utf8')).toBe(text);
    }
    // One whose first line was cut off is begun again.
    await writeFile(journal, '{"strategy":"rand');
    expect((await tune(objective, options)).trials).toHaveLength(3);
  });

  it('counts diverged trainings as failed, without their other folds', async () => {
    let calls = 0;
    const diverging = ({ trial }: Evaluation): number => {
      calls++;
      if (trial.id === 0) throw new GossamerError('ERR_DIVERGED', 'loss: expected a finite number, received NaN');
      return trial.id === 1 ? NaN : 1;
    };
    const { trials, best } = await tune(diverging, { space, trials: 3, folds: 2, search: randomSearch() });
    expect(trials.map(({ value }) => value)).toEqual([null, null, 1]);
    expect(best!.id).toBe(2);
    expect(calls).toBe(4);
    const failed = await tune(() => NaN, { space, trials: 2, search: randomSearch() });
    expect(failed.best).toBeUndefined();
  });

  it('ends with its strategy', async () => {
    const { trials, best } = await tune(({ trial }) => 1 / trial.budget!, {
      space,
      search: successiveHalving({ maximum: 9 }),
    });
    expect(trials).toHaveLength(13);
    expect(best!.budget).toBe(9);
    await expect(tune(objective, { space })).rejects.toThrow(code('ERR_TRAIN_OPTIONS'));
  });

  it('stops at a signal', async () => {
    const controller = new AbortController();
    const journal = join(folder, 'journal.jsonl');
    const stopping = (evaluation: Evaluation): number => {
      if (evaluation.trial.id === 2) controller.abort(new Error('enough'));
      return objective(evaluation);
    };
    const options: TuneOptions = { space, trials: 9, search: randomSearch(), journal };
    await expect(tune(stopping, { ...options, signal: controller.signal })).rejects.toThrow('enough');
    expect((await readFile(journal, 'utf8')).trim().split('\n')).toHaveLength(1 + 3);
  });
});
