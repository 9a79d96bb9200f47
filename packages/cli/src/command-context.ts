import type { Progress } from '@gossamer/compress';

/** Options every command takes. */
export interface GlobalOptions {
  readonly json: boolean;
  readonly seed: number;
  readonly threads: number | undefined;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly force: boolean;
  readonly run: string | undefined;
}

/** What a command works with: the common options, how to stop, and where to speak. */
export interface CommandContext {
  readonly options: GlobalOptions;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** Human text on stderr; nothing when quiet. */
  readonly say: (text: string) => void;
}

/** What a command ends with: the JSON document of `--json`, and the same for people. */
export interface CommandResult {
  readonly json: Readonly<Record<string, unknown>>;
  /** Printed on stderr without `--json`. */
  readonly text: string;
  /** Paths of the files read and written, for the manifest of `--run`. */
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  /** Default 0. */
  readonly exitCode?: number;
}

/** Runs a command's work with the flags it was given. */
export type RunCommand = (
  name: string,
  flags: Readonly<Record<string, unknown>>,
  work: (context: CommandContext) => Promise<CommandResult>,
) => Promise<void>;
