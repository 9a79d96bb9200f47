/** What a file beside the models is for. */
export type CompanionKind =
  'config' | 'generation-config' | 'tokenizer' | 'preprocessor' | 'quantize-config' | 'external-data' | 'other';

/** A file beside the models that goes along byte for byte. */
export interface Companion {
  /** Relative to the folder. */
  readonly path: string;
  readonly kind: CompanionKind;
  readonly bytes: number;
}

const KINDS: Readonly<Record<string, CompanionKind>> = {
  'config.json': 'config',
  'generation_config.json': 'generation-config',
  'tokenizer.json': 'tokenizer',
  'tokenizer_config.json': 'tokenizer',
  'special_tokens_map.json': 'tokenizer',
  'added_tokens.json': 'tokenizer',
  'vocab.json': 'tokenizer',
  'vocab.txt': 'tokenizer',
  'merges.txt': 'tokenizer',
  'spiece.model': 'tokenizer',
  'sentencepiece.bpe.model': 'tokenizer',
  'tokenizer.model': 'tokenizer',
  'chat_template.jinja': 'tokenizer',
  'preprocessor_config.json': 'preprocessor',
  'processor_config.json': 'preprocessor',
  'image_processor_config.json': 'preprocessor',
  'quantize_config.json': 'quantize-config',
  'quant_config.json': 'quantize-config',
};

export function companionKind(path: string): CompanionKind {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return Object.hasOwn(KINDS, name) ? KINDS[name]! : 'other';
}

/** The model once more, in the formats of other frameworks: no part of a folder of compressed models. */
export function isForeignWeights(path: string): boolean {
  return /(^|\/)(pytorch_model[^/]*\.bin|[^/]+\.safetensors|tf_model\.h5|flax_model[^/]*\.msgpack|rust_model\.ot|[^/]+\.gguf)$/.test(
    path,
  );
}
