import { ExitCode } from './exit-code.js';

/**
 * Lets work go on when nobody reads stdout or stderr any more (`| head`): files are written all the same. Any other failed write, of a
 * full disk say, is a failure of the environment.
 */
export function watchOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', ({ code, message }: NodeJS.ErrnoException) => {
      if (code === 'EPIPE') return;
      process.exitCode = ExitCode.environment;
      if (stream === process.stdout)
        process.stderr.write(`gossamer: stdout: expected a place to write, received ${message}\n`);
    });
  }
}
