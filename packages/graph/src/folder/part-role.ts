/** What a part does among the others. 'other': a model that transformers.js opens under its own name for one architecture only. */
export type PartRole =
  | 'model'
  | 'encoder'
  | 'decoder'
  | 'decoder-with-past'
  | 'merged-decoder'
  | 'embed-tokens'
  | 'vision-encoder'
  | 'audio-encoder'
  | 'text-encoder'
  | 'language-model'
  | 'lm-head'
  | 'other';

/**
 * File stems transformers.js and optimum give the parts of a model.
 * Source: transformers.js, src/models/session_config.js; optimum-onnx, optimum/onnxruntime/constants.py.
 */
const ROLES: Readonly<Record<string, PartRole>> = {
  model: 'model',
  encoder_model: 'encoder',
  decoder_model: 'decoder',
  decoder_with_past_model: 'decoder-with-past',
  decoder_model_merged: 'merged-decoder',
  embed_tokens: 'embed-tokens',
  vision_encoder: 'vision-encoder',
  vision_model: 'vision-encoder',
  audio_encoder: 'audio-encoder',
  speech_encoder: 'audio-encoder',
  text_encoder: 'text-encoder',
  text_model: 'text-encoder',
  language_model: 'language-model',
  lm_head: 'lm-head',
};

export function partRole(part: string): PartRole {
  return Object.hasOwn(ROLES, part) ? ROLES[part]! : 'other';
}

/** True for `model_O3` or `model_qint8_avx512`: a known part with a suffix that transformers.js does not have. */
export function isUnknownVariant(part: string): boolean {
  return partRole(part) === 'other' && Object.keys(ROLES).some((known) => part.startsWith(`${known}_`));
}
