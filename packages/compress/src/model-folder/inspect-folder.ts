import {
  type FolderDtype,
  loadFolderPart,
  type ModelFolder,
  openModelFolder,
  type PartRole,
} from '@gossamer/graph/folder';
import { inspect, type Inspection } from '../inspect.js';
import { OnnxModel } from '../onnx-model.js';

export interface InspectFolderOptions {
  /** Sizes of symbolic dimensions; a part that has no such symbol is not bound by it. */
  readonly bind?: Readonly<Record<string, number>>;
}

export interface PartInspection {
  readonly name: string;
  readonly role: PartRole;
  readonly variants: readonly {
    readonly dtype: FolderDtype;
    readonly file: string;
    readonly dataFiles: readonly string[];
    readonly bytes: number;
  }[];
  /** The variant that `model` is about: the most precise. */
  readonly dtype: FolderDtype;
  readonly model: Inspection;
  /** Inputs that are the outputs of the run before: input <- output. */
  readonly state: Readonly<Record<string, string>>;
}

/** What a folder of models is made of. */
export interface FolderInspection {
  readonly path: string;
  readonly modelType: string | undefined;
  readonly parts: readonly PartInspection[];
  readonly companions: ModelFolder['companions'];
  readonly warnings: readonly string[];
}

/** Describes a folder: its parts with their variants, and of each part the most precise variant as `inspect` does. */
export async function inspectFolder(
  input: ModelFolder | string,
  options: InspectFolderOptions = {},
): Promise<FolderInspection> {
  const folder = typeof input === 'string' ? await openModelFolder(input) : input;
  const parts: PartInspection[] = [];
  for (const { name, role, variants } of folder.parts) {
    const [{ dtype }] = variants as [(typeof variants)[number]];
    const ir = await loadFolderPart(folder, name, dtype);
    const symbols = new Set(
      ir.graph.inputs.flatMap(({ type }) => (type?.kind === 'tensor' ? (type.shape ?? []) : [])).map(String),
    );
    const bind = Object.fromEntries(Object.entries(options.bind ?? {}).filter(([symbol]) => symbols.has(symbol)));
    parts.push({
      name,
      role,
      variants,
      dtype,
      model: await inspect(new OnnxModel(ir), { bind }),
      state: Object.fromEntries(ir.graph.state.map(({ input: value, output }) => [value.name, output.name])),
    });
  }
  const modelType = folder.config['model_type'];
  return {
    path: folder.path,
    modelType: typeof modelType === 'string' ? modelType : undefined,
    parts,
    companions: folder.companions,
    warnings: folder.warnings,
  };
}
