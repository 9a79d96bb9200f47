#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { GossamerError, isGossamerError } from '@gossamer/graph';
import { compareFiles } from './compare/compare-files.js';
import { runSuite, type RunSuiteOptions, SUITES } from './run-suite.js';

const usage = `Usage: node packages/bench/dist/main.js --suite NAME [--only CASE,...] [--filter TEXT,...] [--threads 1,2]
         [--engine NAME] [--peer NAME] [--out DIR] [--resume]
       node packages/bench/dist/main.js --compare A.json B.json

${SUITES.map(({ name, about }) => `  ${name.padEnd(16)} ${about}`).join('\n')}
  compression      another name of speed-vs-ort`;

const say = (line: string) => process.stderr.write(`${line}\n`);

/** The options, or undefined where they are not understood. */
function options() {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      options: {
        ...{ suite: text, only: text, filter: text, threads: text, engine: text, peer: text, out: text },
        ...{ resume: flag, compare: flag },
      },
      allowPositionals: true,
    });
  } catch (error) {
    say(String((error as Error).message));
    return undefined;
  }
}

/** Numbers above 0; throws ERR_OPTION for others. */
function counts(text: string): number[] {
  const numbers = text.split(',').map(Number);
  if (numbers.every((count) => Number.isSafeInteger(count) && count > 0)) return numbers;
  throw new GossamerError('ERR_OPTION', `threads: expected integers > 0, received ${text}`);
}

const list = (text: string | undefined) => text?.split(',').filter((item) => item !== '');

async function main(parsed: NonNullable<ReturnType<typeof options>>, signal: AbortSignal): Promise<string> {
  const { values, positionals } = parsed;
  if (values.compare) {
    if (positionals.length !== 2) {
      throw new GossamerError('ERR_OPTION', `compare: expected two results files, received ${positionals.length}`);
    }
    return compareFiles(positionals[0]!, positionals[1]!).markdown;
  }
  const { only, filter, threads, engine = 'native', peer = 'ort', out, resume } = values;
  const chosen: RunSuiteOptions = {
    ...{ say, signal, engines: [engine, peer] },
    ...(out === undefined ? {} : { out }),
    ...(only === undefined ? {} : { only: list(only)! }),
    ...(filter === undefined ? {} : { filter: list(filter)! }),
    ...(threads === undefined ? {} : { threads: counts(threads) }),
    ...(resume === undefined ? {} : { resume }),
  };
  return (await runSuite(values.suite!, chosen)).markdown;
}

const parsed = options();
if (parsed === undefined || (parsed.values.suite === undefined && parsed.values.compare === undefined)) {
  say(usage);
  process.exitCode = 2;
} else {
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  main(parsed, interrupt.signal).then(
    (markdown) => process.stdout.write(markdown),
    (error: unknown) => {
      if (interrupt.signal.aborted) {
        say('interrupted; finished cases are in the results file, --resume goes on from there');
        process.exitCode = 130;
        return;
      }
      const isUsers = isGossamerError(error);
      say(isUsers ? `${error.code}: ${error.message}` : String(error instanceof Error ? error.stack : error));
      process.exitCode = isUsers ? 2 : 1;
    },
  );
}
