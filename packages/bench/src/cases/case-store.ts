import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { GossamerError } from '@gossamer/graph';
import type { Environment } from '../harness/environment.js';
import { type CaseOutcome, type CaseResult, isMeasured } from './case-result.js';

/** Cases measured so far. */
export interface CaseStore {
  /** The result of an earlier, interrupted run of the same commit on the same CPU; undefined: it has to be measured. */
  find(id: string): CaseResult | undefined;
  add(outcome: CaseOutcome): void;
}

/** Forgets what it is given. */
export const noStore: CaseStore = { find: () => undefined, add: () => undefined };

/** What a results file holds, as far as this reads it. */
interface Stored {
  readonly schemaVersion: number;
  readonly environment: Pick<Environment, 'cpu' | 'commit' | 'isa' | 'onnxruntime'>;
  readonly data: { readonly cases?: readonly CaseOutcome[] };
}

/** Keeps every case in `file`, the suite's results file, as soon as it is measured; with `resume` also takes up what is there. */
export function openCaseStore(file: string, suite: string, environment: Environment, resume: boolean): CaseStore {
  const cases = new Map<string, CaseOutcome>();
  if (resume) for (const found of earlierCases(file, environment)) cases.set(found.id, found);
  return {
    find: (id) => {
      const found = cases.get(id);
      return found && isMeasured(found) ? found : undefined;
    },
    add: (outcome) => {
      cases.set(outcome.id, outcome);
      const document = { schemaVersion: 1, suite, isPartial: true, environment, data: { cases: [...cases.values()] } };
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(`${file}.part`, `${JSON.stringify(document)}\n`);
      renameSync(`${file}.part`, file);
    },
  };
}

/** Figures of another commit, CPU, instruction set or runtime would be compared with today's as if they were one run's. */
function earlierCases(file: string, environment: Environment): readonly CaseResult[] {
  if (!existsSync(file)) return [];
  const stored = readStored(file);
  const facts = ['cpu', 'commit', 'isa', 'onnxruntime'] as const;
  const isSame = facts.every((fact) => stored.environment[fact] === environment[fact]);
  return isSame ? (stored.data.cases ?? []).filter(isMeasured) : [];
}

function readStored(file: string): Stored {
  try {
    const stored = JSON.parse(readFileSync(file, 'utf8')) as Stored;
    if (stored.schemaVersion === 1 && typeof stored.environment === 'object' && typeof stored.data === 'object') {
      return stored;
    }
  } catch (cause) {
    throw new GossamerError('ERR_RESULTS', `${file}: expected results of a suite, received no JSON`, { cause });
  }
  throw new GossamerError('ERR_RESULTS', `${file}: expected results with schemaVersion 1, received others`);
}
