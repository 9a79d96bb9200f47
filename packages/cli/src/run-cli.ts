import { CommanderError } from 'commander';
import { plain } from './console-text.js';
import type { CommandContext, CommandResult, GlobalOptions, RunCommand } from './command-context.js';
import { ExitCode, failureOf } from './exit-code.js';
import { jsonText } from './json-text.js';
import { createProgram, globalOptions } from './program.js';

/** Runs one command line and returns the exit code. All output goes through here: text for people on stderr, with --json one document on stdout. */
export async function runCli(argv: readonly string[]): Promise<number> {
  // An error before the options are parsed must be JSON too when it was asked for.
  let isJson = argv.includes('--json');
  const interrupt = listenForInterrupt();
  let exitCode: number = ExitCode.done;
  const run: RunCommand = async (name, flags, work) => {
    const options = globalOptions(flags);
    isJson = options.json;
    const keep = options.run === undefined ? undefined : await keepRun(options.run, name, options, flags);
    exitCode = await execute(work, options, interrupt.signal, keep);
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

type KeepResult = (result: CommandResult) => Promise<void>;

/** Opens the folder of `--run`; what it returns writes the manifest and the result there. */
async function keepRun(
  directory: string,
  command: string,
  { seed }: GlobalOptions,
  flags: object,
): Promise<KeepResult> {
  const { openRun, writeRun } = await import('./run-directory.js');
  await openRun(directory);
  return async ({ inputs = [], outputs = [], json }) =>
    writeRun(directory, { command, options: { ...flags }, inputs, outputs, seed }, json);
}

async function execute(
  work: (context: CommandContext) => Promise<CommandResult>,
  options: GlobalOptions,
  signal: AbortSignal,
  keep: KeepResult | undefined,
): Promise<number> {
  const { ProgressBar } = await import('./progress-bar.js');
  const bar = new ProgressBar(options.quiet);
  const say = (text: string) => {
    bar.stop();
    if (!options.quiet) process.stderr.write(`${text}\n`);
  };
  try {
    const result = await work({ options, signal, onProgress: bar.report, say });
    await keep?.(result);
    bar.stop();
    if (options.json) process.stdout.write(jsonText(result.json));
    else process.stderr.write(`${result.text}\n`);
    return result.exitCode ?? ExitCode.done;
  } finally {
    bar.stop();
  }
}

function fail(error: unknown, isJson: boolean, isInterrupted: boolean): number {
  const { exitCode, code, message, stack } = failureOf(error, isInterrupted);
  const line = plain(message.split('\n')[0]!);
  if (isJson) process.stdout.write(jsonText({ error: { code, message: line } }));
  process.stderr.write(`${stack ?? `gossamer: ${line}`}\n`);
  return exitCode;
}

/** A terminal and a program between it and us, npm say, may both pass one Ctrl-C on: signals this close are one. */
const SAME_SIGNAL_MS = 300;

/** The first Ctrl-C (or SIGTERM) aborts the work, which cleans up; the second ends the process at once. */
function listenForInterrupt(): { readonly signal: AbortSignal; dispose(): void } {
  const controller = new AbortController();
  let first = Infinity;
  const stop = () => {
    if (controller.signal.aborted) {
      if (performance.now() - first > SAME_SIGNAL_MS) process.exit(ExitCode.interrupted);
      return;
    }
    first = performance.now();
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
