#!/usr/bin/env node
import { runCli } from './run-cli.js';

void runCli(process.argv.slice(2)).then((code) => {
  // Not exit(): what was written to a pipe must drain first.
  process.exitCode = code;
});
