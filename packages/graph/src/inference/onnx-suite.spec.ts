import { isGossamerError } from '../errors.js';
import type { Model } from '../ir/model.js';
import { parseModel } from '../onnx/index.js';
import { inferTypes } from './infer-types.js';
import { declaredSymbols, TypeComparison, valuesByPath } from './testing/compare-types.js';
import { type SuiteCase, suiteCases } from './testing/onnx-suite.js';
import { typeFromJson } from './testing/typed-json.js';
import type { TypeTable } from './type-table.js';

/** What differs, with the reason; a value that the case is about where only that one differs. */
const DIFFERENCES: Readonly<Record<string, readonly string[]>> = {
  'operators that the tests register in Python: no rule here': [
    'less: test_dummy_graph_schema_shape_inference out0/graph/out0',
    'less: test_dummy_graph_schema_shape_inference out0/graph/out1',
    'less: test_get_symbolic_input_returns_tensor_shape_proto y',
    'less: test_invalid_field_in_inference_func out0',
    'less: test_opaque_rng_example rng',
    'less: test_opaque_rng_example rng2',
    'only onnx refuses: test_check_type_when_schema_has_empty_io',
  ],
  'the default of onesided is 1 in the standard, in its reference and in ONNX Runtime, 0 in the inference of onnx': [
    'contradicts: test_stft_reals #2 output',
    'contradicts: test_stft_reals #3 output',
    'contradicts: test_stft_reals output',
  ],
  'steps that nobody knows: onnx takes them for 1': [
    'less: test_slice_with_input_shape_axes y',
    'less: test_slice_with_input_shape_steps y',
  ],
  'the rank of a scalar is 0 in the standard, 1 in ONNX Runtime: open': ['less: test_nonzero_scalar out'],
  'the computed expression wins over what the file declares: min(10,H) is 10 only for H >= 10': [
    'less: test_sequence_map_slice_outs_known_dims out_sequence1',
    'less: test_sequence_map_slice_outs_known_dims out_sequence1/body/y1',
    'less: test_sequence_map_slice_outs_known_dims out_sequence1/body/y2',
    'less: test_sequence_map_slice_outs_known_dims out_sequence2',
  ],
  'the condition of a Loop is one bool in the standard; these tests give floats': [
    'contradicts: test_loop loop_state_final/body/cond_out',
    'contradicts: test_loop_no_state loop_output/body/cond_out',
  ],
  'onnx invents a name (unk__0) that an input of this model has': ['mixed: test_duplicate_symbolic_shape output'],
  'int64 wraps in ONNX Runtime; what lies beyond 2^53 is not followed here': [
    'only onnx refuses: test_mul_overflow',
    'only onnx refuses: test_sub_overflow',
  ],
  'an input without an element type may have any': [
    'only onnx refuses: test_concat_missing_shape',
    'only onnx refuses: test_empty_graph',
  ],
  'a declared type that is wrong is a warning; the computed one wins': [
    'only onnx refuses: test_transpose_preexisting_incorrect_shape',
    'only onnx refuses: test_transpose_preexisting_incorrect_type',
  ],
  'a call may leave out last outputs of a function': [
    'only onnx refuses: test_function_output_count_mismatch_does_not_crash',
  ],
  'a shape given in int32 can be followed as well': [
    'more: test_parse_data_with_unsupported_tensor_type #2 y',
    'only onnx refuses: test_parse_data_with_unsupported_tensor_type',
  ],
  'sizes from 2^53 on, ranks over 256 and element type 0 are refused': [
    'only we refuse: test_col2im_excessive_spatial_rank_leaves_output_rank_unknown',
    'only we refuse: test_pad_legacy_total_padding_cancellation[11]',
    'only we refuse: test_pad_legacy_total_padding_cancellation[13]',
    'only we refuse: test_pad_legacy_total_padding_cancellation[2]',
    'only we refuse: test_parse_data_with_undefined_tensor_type #2',
    'only we refuse: test_shape_input_excessive_length_leaves_output_rank_unknown',
  ],
  'more is known here': [
    'more: test_array_feature_extractor #2 z',
    'more: test_center_crop_pad_without_input_shape y',
    'more: test_conv_partial_missing_weight_shape z',
    'more: test_convineteger_partial_missing_weight_shape z',
    'more: test_flex_attention_with_all_modifiers Y/prob_mod/probs_out',
    'more: test_flex_attention_with_all_modifiers Y/score_mod/scores_out',
    'more: test_flex_attention_with_prob_mod Y/prob_mod/probs_out',
    'more: test_flex_attention_with_score_mod Y/score_mod/scores_out',
    'more: test_if_no_shape_in_else_branch if_output/else_branch/else_output',
    'more: test_if_no_shape_in_then_branch if_output/then_branch/then_output',
    'more: test_infer_initializer_input_consistency_all_none z',
    'more: test_infer_initializer_input_consistency_single_none z',
    'more: test_infer_with_initializer_without_input_below_ir4 z',
    'more: test_loop loop_state_final',
    'more: test_loop loop_state_final/body/loop_state_out',
    'more: test_maxunpool_shape_with_output_shape Y',
    'more: test_qlinearconv_partial_missing_weight_shape y',
    'more: test_range_bfloat16 output',
    'more: test_range_float16 output',
    'more: test_slice_without_input_shape y',
    'more: test_split_with_split_attribute_unknown_split_dim y',
    'more: test_split_with_split_attribute_unknown_split_dim z',
    'more: test_swiglu_missing_input_shape Y',
    'more: test_topk_missing_k_value_output_rank_check y',
    'more: test_topk_missing_k_value_output_rank_check z',
    'more: test_unique_with_axis inverse_indices',
    'more: test_unique_without_axis inverse_indices',
  ],
};

/** Infers as onnx does: initializers count, also those that a caller may replace. */
function inferred({ model: bytes }: SuiteCase): { model: Model; types: TypeTable } | undefined {
  try {
    const model = parseModel(bytes);
    const data = Object.fromEntries(
      model.graph.inputs.flatMap((value) => (value.initializer ? [[value.name, value.initializer]] : [])),
    );
    return { model, types: inferTypes(model, { strict: true, data }) };
  } catch (error) {
    if (isGossamerError(error)) return undefined;
    throw error;
  }
}

/** How each value of a case stands to what onnx says, or how the two end. */
function verdicts(test: SuiteCase): string[] {
  const name = test.name.replace(/^.*::/, '');
  const ours = inferred(test);
  if (!ours || !test.types) {
    return [`${ours ? 'only onnx refuses' : test.types ? 'only we refuse' : 'both refuse'}: ${name}`];
  }
  const comparison = new TypeComparison(declaredSymbols(ours.model.graph.values()));
  const values = valuesByPath(ours.model);
  return Object.entries(test.types).map(([key, json]) => {
    const value = values.get(key);
    const standing = comparison.compare(value && ours.types.typeOf(value), typeFromJson(json));
    return `${standing}: ${name} ${key}`;
  });
}

test('every model of the tests of onnx, value by value as onnx infers it, but for what is listed', () => {
  const cases = suiteCases();
  const found = cases.flatMap(verdicts);
  const differences = found.filter((line) => !/^(equal|both refuse): /.test(line));
  expect(differences.sort()).toEqual(Object.values(DIFFERENCES).flat().sort());
  const count = (prefix: string) => found.filter((line) => line.startsWith(prefix)).length;
  expect([cases.length, count('equal: '), count('both refuse: ')]).toEqual([1111, 2679, 189]);
});
