import { doctor } from '@gossamer/compress';
import type { CommandResult } from '../command-context.js';
import { ExitCode } from '../exit-code.js';

/** gossamer doctor */
export async function run(): Promise<CommandResult> {
  const checks = await doctor();
  const isSound = checks.every((check) => check.ok || !check.required);
  const lines = checks.map(({ name, ok, found, fix, required }) => {
    const mark = ok ? 'ok     ' : required ? 'MISSING' : 'absent ';
    return `${mark} ${name}: ${found}${fix ? `; ${fix}` : ''}`;
  });
  return {
    json: { ok: isSound, checks },
    text: lines.join('\n'),
    exitCode: isSound ? ExitCode.done : ExitCode.environment,
  };
}
