import {
  assertWritable,
  compareFiles,
  type CompressionResult,
  convert,
  loadAnyModel,
  peakRssMb,
  saveConverted,
} from '@gossamer/compress';
import type { CommandContext, CommandResult } from '../command-context.js';
import { formatBytes, formatSqnr, plain } from '../console-text.js';
import * as folder from './model-folder.js';
import { gateOptions, openSource } from './open-source.js';

/** gossamer convert MODEL -o OUT */
export async function run(
  path: string,
  flags: Readonly<Record<string, unknown>>,
  context: CommandContext,
): Promise<CommandResult> {
  if (folder.isFolder(path)) return folder.convert(path, flags, context);
  const output = flags['output'] as string;
  const source = await loadAnyModel(path);
  assertWritable(source, output, context.options.force);
  const spec = flags['data'] as string | undefined;
  const data = spec === undefined ? undefined : await openSource(spec, flags, context);
  const start = performance.now();
  const result = await convert(source, {
    float16: flags['fp16'] === true,
    float32: flags['fp32'] === true,
    ...(flags['opset'] === undefined ? {} : { opset: flags['opset'] as number }),
    ...(flags['weights'] === undefined ? {} : { weights: flags['weights'] as string }),
    ...(flags['weightsMap'] === undefined ? {} : { weightsMap: flags['weightsMap'] as string }),
    ...(flags['initializers'] === undefined ? {} : { initializers: flags['initializers'] as 'sparse' | 'dense' }),
    ...(data ? { data } : {}),
    signal: context.signal,
    onProgress: context.onProgress,
  });
  const made = performance.now();
  const verification = await saveConverted(result, output, gateOptions(flags, context));
  const report: CompressionResult = {
    output,
    status: 'done',
    bytes: await compareFiles(source, output),
    layers: result.kept,
    warnings: [...source.ir.warnings, ...result.warnings, ...(verification?.warnings ?? [])],
    verification,
    cost: {
      makeSeconds: (made - start) / 1000,
      gateSeconds: verification?.seconds ?? 0,
      peakRssMb: peakRssMb(),
    },
  };
  const { before, after } = report.bytes;
  const text = [
    `${plain(output)}: ${before > 0 ? `${formatBytes(before)} -> ` : ''}${formatBytes(after)}, opset ${result.model.ir.opset}`,
    ...(result.kept.length > 0
      ? [
          `${result.kept.length} nodes stay in ${flags['fp32'] === true ? 'float16' : 'float32'}; --json says which and why`,
        ]
      : []),
    ...(verification?.sqnrDb === undefined ? [] : [`outputs compared: ${formatSqnr(verification.sqnrDb)}`]),
    ...report.warnings.map((warning) => `warning: ${plain(warning)}`),
  ];
  return { json: { ...report }, text: text.join('\n'), inputs: [path], outputs: [output] };
}
