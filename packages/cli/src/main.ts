#!/usr/bin/env node
import { runCli } from './run-cli.js';
import { watchOutput } from './watch-output.js';

watchOutput();
void runCli(process.argv.slice(2)).then((code) => {
  // Not exit(): what was written to a pipe must drain first. A failed write has set its own code.
  process.exitCode ||= code;
});
