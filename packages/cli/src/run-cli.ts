import { CommanderError } from 'commander';
import { plain } from './console-text.js';
import type { CommandContext, CommandResult, GlobalOptions } from './command-context.js';
import { ExitCode, failureOf } from './exit-code.js';
import { createProgram, type RunCommand } from './program.js';

/** Version of every JSON document on stdout. */
const SCHEMA_VERSION = 1;

/** Runs one command line and returns the exit code. All output goes through here: text for people on stderr, with --json one document on stdout. */
export async function runCli(argv: readonly string[]): Promise<number> {
  // An error before the options are parsed must be JSON too when it was asked for.
  let isJson = argv.includes('--json');
  const interrupt = listenForInterrupt();
  let exitCode: number = ExitCode.done;
  const run: RunCommand = async (command, options) => {
    isJson = options.json;
    exitCode = await execute(command, options, interrupt.signal);
  };
  try {
    await createProgram(run).parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    // --help and --version end with a CommanderError of exit code 0 after printing.
    if (error instanceof CommanderError && error.exitCode === 0) return ExitCode.done;
    return fail(error, isJson, interrupt.signal.aborted);
  } finally {
    interrupt.dispose();
  }
}

async function execute(
  command: (context: CommandContext) => Promise<CommandResult>,
  options: GlobalOptions,
  signal: AbortSignal,
): Promise<number> {
  const { ProgressBar } = await import('./progress-bar.js');
  const bar = new ProgressBar(options.quiet);
  const say = (text: string) => {
    bar.stop();
    if (!options.quiet) process.stderr.write(`${text}\n`);
  };
  try {
    const result = await command({ options, signal, onProgress: bar.report, say });
    bar.stop();
    if (options.json) print({ schemaVersion: SCHEMA_VERSION, ...result.json });
    else process.stderr.write(`${result.text}\n`);
    return result.exitCode ?? ExitCode.done;
  } finally {
    bar.stop();
  }
}

function print(document: object): void {
  process.stdout.write(`${JSON.stringify(document, toJson, 2)}\n`);
}

/** JSON has no Infinity and no NaN: equal outputs have an infinite ratio, which is written as a string. */
function toJson(_key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return typeof value === 'bigint' ? value.toString() : value;
}

function fail(error: unknown, isJson: boolean, isInterrupted: boolean): number {
  const { exitCode, code, message, stack } = failureOf(error, isInterrupted);
  const line = plain(message.split('\n')[0]!);
  if (isJson) print({ schemaVersion: SCHEMA_VERSION, error: { code, message: line } });
  process.stderr.write(`${stack ?? `gossamer: ${line}`}\n`);
  return exitCode;
}

/** The first Ctrl-C (or SIGTERM) aborts the work, which cleans up; the second ends the process at once. */
function listenForInterrupt(): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(ExitCode.interrupted);
    process.stderr.write('\ninterrupted, cleaning up (again to stop at once)\n');
    controller.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  return {
    signal: controller.signal,
    dispose: () => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}
