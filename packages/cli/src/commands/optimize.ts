import {
  assertWritable,
  compareFiles,
  type CompressionResult,
  loadModel,
  optimize,
  peakRssMb,
  saveOptimized,
} from '@gossamer/compress';
import type { CommandContext, CommandResult } from '../command-context.js';
import { formatBytes, formatSqnr, formatTable, plain } from '../console-text.js';
import * as folder from './model-folder.js';
import { parsePasses } from '../parse-passes.js';
import { gateOptions } from './open-source.js';

/** gossamer optimize MODEL -o OUT */
export async function run(
  model: string,
  flags: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<CommandResult> {
  if (folder.isFolder(model)) return folder.optimize(model, flags, context);
  const output = flags['output'] as string;
  const source = await loadModel(model);
  assertWritable(source, output, context.options.force);
  const start = performance.now();
  const result = await optimize(source, {
    passes: parsePasses(flags['passes'] as string),
    raiseOpset: flags['raiseOpset'] === true,
    signal: context.signal,
    onProgress: context.onProgress,
  });
  const made = performance.now();
  const verification = await saveOptimized(result, output, gateOptions(flags, context));
  const gateSeconds = verification?.seconds ?? 0;
  const report: CompressionResult & { passes: typeof result.applied; blocked: typeof result.blocked } = {
    output,
    status: 'done',
    bytes: await compareFiles(source, output),
    layers: [],
    passes: result.applied,
    blocked: result.blocked,
    warnings: [...source.ir.warnings, ...result.warnings, ...(verification?.warnings ?? [])],
    verification,
    cost: { makeSeconds: (made - start) / 1000, gateSeconds, peakRssMb: peakRssMb() },
  };
  const changed = result.applied.filter(({ changes }) => changes > 0);
  const text = [
    `${plain(output)}: ${formatBytes(report.bytes.before)} -> ${formatBytes(report.bytes.after)}`,
    changed.length === 0
      ? 'nothing to change'
      : formatTable(
          ['pass', 'changes'],
          changed.map(({ pass, changes }) => [pass, String(changes)]),
        ),
    ...result.blocked.map(
      ({ op, opset, count }) => `${count} ${op} could be made at opset ${opset}: --raise-opset raises the model to it`,
    ),
    ...(verification?.sqnrDb === undefined
      ? []
      : [`outputs compared: ${formatSqnr(verification.sqnrDb)}, largest error ${verification.maxAbsError}`]),
    ...report.warnings.map((warning) => `warning: ${plain(warning)}`),
  ];
  return { json: { ...report }, text: text.join('\n'), inputs: [model], outputs: [output] };
}
