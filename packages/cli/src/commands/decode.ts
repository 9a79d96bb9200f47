import { decode } from '@gossamer/compress';
import type { CommandContext, CommandResult } from '../command-context.js';
import { formatBytes, plain } from '../console-text.js';

/** gossamer decode IN.gsm -o OUT */
export async function run(
  file: string,
  flags: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<CommandResult> {
  const output = flags['output'] as string;
  const report = await decode(file, output, { force: context.options.force, signal: context.signal });
  const { before, after } = report.bytes;
  const beside = report.files.length > 1 ? `, ${report.files.length - 1} files beside it` : '';
  const text = `${plain(output)}: ${formatBytes(before)} -> ${formatBytes(after)}${beside}`;
  return { json: { ...report }, text, inputs: [file], outputs: report.files };
}
