#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { isGossamerError } from '@gossamer/graph';
import { runSuite, SUITES } from './run-suite.js';

const usage = `Usage: node packages/bench/dist/main.js --suite NAME [--only CASE,...] [--out DIR]

${SUITES.map(({ name, about }) => `  ${name.padEnd(14)} ${about}`).join('\n')}`;

const say = (line: string) => process.stderr.write(`${line}\n`);

/** The options, or undefined where they are not understood. */
function options() {
  try {
    return parseArgs({
      options: { suite: { type: 'string' }, only: { type: 'string' }, out: { type: 'string' } },
    }).values;
  } catch (error) {
    say(String((error as Error).message));
    return undefined;
  }
}

const values = options();
if (values?.suite === undefined) {
  say(usage);
  process.exitCode = 2;
} else {
  runSuite(values.suite, {
    say,
    ...(values.out === undefined ? {} : { out: values.out }),
    ...(values.only === undefined ? {} : { only: values.only.split(',') }),
  }).then(
    ({ markdown }) => process.stdout.write(markdown),
    (error: unknown) => {
      const isUsers = isGossamerError(error);
      say(isUsers ? `${error.code}: ${error.message}` : String(error instanceof Error ? error.stack : error));
      process.exitCode = isUsers ? 2 : 1;
    },
  );
}
