// What operators of the engine are usually given, so that the fuzzer gets past their first checks.
#pragma once

namespace gossamer {

// inputs: one word each. A letter is the type: f float32, u uint8, w an 8-bit integer, n int32, i int64 or int32,
//   l int64, b bool, * any, the same for all of an operator, . any; upper case: mostly constant; '_': none. '?': may be
//   left out. After ':' one letter an axis (Plan::SizeOf), '-' for no axis; nothing: any dims.
// outputs: types; '=' is that of input 0, '.' any.
// attributes: name=kind, by Plan::SetAttribute; name=|text|text: one of them.
struct OperatorHint {
  const char* types;  // separated by spaces
  const char *inputs, *outputs, *attributes;
};

#define CONVOLUTION "strides=s pads=p dilations=s group=g "
#define EPILOGUE \
  "activation=|gelu|relu|clamp|tanh|elu|none activation_alpha=f activation_beta=f sparse=|auto|dense|sparse "
#define INT8 "scales=S w_zero_points=Z x_zero_point=z sparse=|auto|dense|sparse "
#define QUANTIZED                                                                                              \
  "y_zero_point=z low=b high=z own_ratio=f residual_ratio=f residual_zero_point=z sum_zero_point=z sum_low=b " \
  "sum_high=z "
#define AS_FLOAT "result=|float activation=|none|gelu|clamp "
#define POOL "kernel_shape=k strides=s pads=p dilations=s ceil_mode=b count_include_pad=b global=b "

constexpr OperatorHint kHints[] = {
    {"ConvNhwc", "f:BHWC F:McJL F?:M f?:BHWM", "f", CONVOLUTION EPILOGUE "precision=|float32|bf16 "},
    {"ConvNhwc", "f:BWC F:McL F?:M f?:BWM", "f", CONVOLUTION EPILOGUE},
    {"ConvTransposeNhwc", "f:BHWC F:CmJL F?:M f?:BHWM", "f", CONVOLUTION EPILOGUE "output_padding=o "},
    {"ConvTransposeNhwc", "f:BHWC f:CmJL f?:M f?:BHWM", "f", CONVOLUTION EPILOGUE "output_padding=o "},
    {"ConvNhwc", "f:BHWC f:McJL f?:M f?:BHWM", "f", CONVOLUTION EPILOGUE},
    {"ConvGradInputNhwc", "f:BHWM f:McJL", "f", CONVOLUTION "input_shape=H "},
    {"ConvGradWeightNhwc", "f:BHWC f:BHWM", "f", CONVOLUTION "kernel_shape=k "},
    {"Int8Conv", "u:BHWC W:McJL N?:M u?:BHWM _ u?:-", "u", CONVOLUTION INT8 QUANTIZED},
    {"Int8Conv", "u:BHWC W:McJL N?:M f?:BHWM f?:- u?:- F?:M", "f", CONVOLUTION INT8 AS_FLOAT},
    {"Int8Conv", "u:BWC W:McL N?:M", "n", CONVOLUTION INT8 "result=|int32 "},
    {"ConvInteger", "w:BCHW W:McJL w?:- W?:M", "n",
     CONVOLUTION "auto_pad=|SAME_UPPER|SAME_LOWER|VALID|NOTSET kernel_shape=k "},
    {"Int8Linear", "u:BK W:KN N?:N u?:BN f?:- u?:- F?:N", "u", INT8 QUANTIZED},
    {"Int8Linear", "u:BSK W:NK N?:N f?:BSN f?:- u?:- F?:N", "f", INT8 AS_FLOAT "trans_b=1 "},
    {"Linear", "f:BK F:KN F?:N f?:BN", "f", EPILOGUE "precision=|float32|bf16 "},
    {"Linear", "f:BSK F:NK F?:N f?:BSN", "f", EPILOGUE "trans_b=1 "},
    {"Linear", "f:BSK f:KN f?:N f?:BSN", "f", EPILOGUE "trans_b=b "},
    {"MatMul", "f:BSK f:KN", "f", "trans_a=b trans_b=b alpha=f "},
    {"MatMul", "f:BSK f:BKN", "f", "alpha=f "},
    {"Gemm", "f:SK f:KN f?:N", "f", "alpha=f beta=f transA=b transB=b "},
    {"MatMulInteger", "w:BSK w:KN w?:- w?:N", "n", ""},
    {"MatMulInteger", "w:SK W:KN w?:S W?:N", "n", ""},
    {"MatMulNBits", "f:SK U:Njy F:Nj U?:Nz _ f?:N f?:SN", "f",
     "K=K N=N bits=B block_size=V accuracy_level=4 activation=|gelu|none "},
    {"MatMulCodebook", "f:SK U:Njy F:t F:Nj f?:N f?:SN", "f", "K=K N=N bits=B block_size=V "},
    {"GatherBlockQuantized", "u:Nv i:S f:Nj u?:Nz", "f", "bits=B block_size=V gather_axis=a quantize_axis=1 "},
    {"Attention4D", "f:BhSD f:BhTD f:BhTK f?:ST", "f", "scale=f causal=b causal_offset=a "},
    {"Attention4D", "f:BSA f:BTA f:BTA f?:BhST", "f",
     "scale=f causal=b heads=h kv_heads=h q_layout=|bshd k_layout=|bshd v_layout=|bshd y_layout=|bshd|bhsd "},
    {"LSTM", "f:TBK F:dqK F:dqh F?:dQ i?:B f?:dBh f?:dBh f?:dp", "fff",
     "direction=d clip=f input_forget=b activations=|tanh,sigmoid,relu|softsign,elu,tanh activation_alpha=S "},
    {"LSTM", "f:BTK F:dqK F:dqh F?:dQ i?:B f?:Bdh f?:Bdh f?:dp", "fff", "direction=d layout=1 "},
    {"GRU", "f:TBK F:dqK F:dqh F?:dQ i?:B f?:dBh", "ff", "direction=d clip=f linear_before_reset=b "},
    {"RNN", "f:TBK F:dqK F:dqh F?:dQ i?:B f?:dBh", "ff", "direction=d clip=f "},
    {"Resize", "*:BHWC _ _ i:4", "=",
     "mode=|nearest|linear|cubic antialias=b keep_aspect_ratio_policy=|not_larger|not_smaller "},
    {"Resize", "*:HW f?:4 f:2", "=",
     "mode=|nearest|linear|cubic "
     "coordinate_transformation_mode=|half_pixel|align_corners|asymmetric|tf_crop_and_resize|"
     "half_pixel_symmetric|pytorch_half_pixel|tf_half_pixel_for_nn nearest_mode=|floor|ceil|round_prefer_ceil "
     "antialias=b "
     "exclude_outside=b cubic_coeff_a=f extrapolation_value=f keep_aspect_ratio_policy=|stretch|not_larger|not_smaller "
     "axes=l "},
    {"MaxPoolNhwc AveragePoolNhwc Int8AveragePoolNhwc", ".:BHWC", "=",
     POOL "x_scale=f y_scale=f x_zero_point=z y_zero_point=z auto_pad=|SAME_UPPER|SAME_LOWER|VALID|NOTSET "},
    {"MaxPoolGradNhwc", "f:BHWC f:BHWC f:BHWC", "f", POOL},
    {"AveragePoolGradNhwc", "f:BHWC", "f", POOL "input_shape=H "},
    {"MaxPool AveragePool LpPool GlobalMaxPool GlobalAveragePool GlobalLpPool", ".:BCHW", "=l",
     POOL "p=a storage_order=b auto_pad=|SAME_UPPER|SAME_LOWER|VALID|NOTSET "},
    {"Gather GatherElements", "*: i:", "=", "axis=a "},
    {"Gather GatherElements", "*:BST i:BST", "=", "axis=a "},
    {"GatherND", "*:BST i:BS2", "=", "batch_dims=a "},
    {"ScatterElements", "*:BST i:BST *:BST", "=", "axis=a reduction=|none|add|mul|max|min "},
    {"ScatterND", "*:BST i:S1 *:SST", "=", "reduction=|none|add|mul|max|min "},
    {"Slice", "*:BST i:2 i:2 i?:2 i?:2", "=", ""},
    {"Pad", "*:BST i:6 *?:- i?:3", "=", "mode=|constant|reflect|edge|wrap "},
    {"Pad", "*:HW i:4", "=", "mode=|constant|reflect|edge|wrap "},
    {"TopK", "*:BST i:1", "=l", "axis=a largest=b sorted=b "},
    {"NonMaxSuppression", "f:BS4 f:BTS i?:- f?:- f?:-", "l", "center_point_box=b "},
    {"QuantizeLinear", "f:BSK f:K .?:K", ".", "axis=a block_size=n "},
    {"QuantizeLinear", "f:BSK f:- .?:-", ".", "axis=a "},
    {"DequantizeLinear", "*:BSK f:K *?:K", "f", "axis=a block_size=n "},
    {"DequantizeLinear", "*:SK f:Sj *?:Sj", "f", "axis=1 block_size=V "},
    {"DynamicQuantizeLinear", "f:BST", "ufu", ""},
    {"Int8Binary", "u:BST u:T", "u",
     "operation=|add|sub|mul a_scale=f b_scale=f y_scale=f a_zero_point=z b_zero_point=z y_zero_point=z low=b high=z "},
    {"Int8Table", "u:", "u", "table=T "},
    {"Int8Concat", "u:BST u:BST", "u", "axis=a scales=R zero_points=Y y_scale=f y_zero_point=z "},
    {"LayerNormalization RMSNormalization SimplifiedLayerNormalization", "f:BST f:T f?:T", "ff", "axis=a epsilon=f "},
    {"SkipLayerNormalization SkipSimplifiedLayerNormalization", "f:BST f:BST f:T f?:T f?:T", "ff", "epsilon=f "},
    {"BatchNormTrainNhwc", "f:BHWC f:C f:C f?:BHWC", "ffff",
     "epsilon=f activation=|none|relu|clip activation_alpha=a activation_beta=n "},
    {"BatchNormGradNhwc", "f:BKC f:BKC f:C f:C f:C f?:BKC", "fff",
     "activation=|none|relu|clip activation_alpha=a activation_beta=n "},
    {"BiasGrad", "f:BHWC", "f", "axis=a "},
    {"BatchNormalization", "f:BCHW f:C f:C f:C f:C", "f", "epsilon=f "},
    {"GroupNormalization InstanceNormalization", "f:BCHW f:C f:C", "f", "epsilon=f num_groups=g "},
    {"LRN LpNormalization MeanVarianceNormalization", "f:BCHW", "f", "alpha=f beta=f bias=f size=n p=n axis=a axes=l "},
    {"Softmax LogSoftmax", "f:", "f", "axis=a "},
    {"SoftmaxGrad LogSoftmaxGrad", "f:BST f:BST", "f", "axis=a "},
    {"LayerNormGrad", "f:BST f:BST f:T f:BS f:BS", "fff", ""},
    {"SoftmaxCrossEntropy", "f:BS l:B f:B", "ff", "label_smoothing=f "},
    {"SoftmaxCrossEntropy", "f:BST l:BT f:BT", "ff", ""},
    {"SoftmaxCrossEntropyGrad", "f:- f:BST l:BT f:BT", "f", ""},
    {"ActivationGrad", "f:BS f:BS", "f",
     "activation=|relu|clip|leaky|gelu|silu|hard_sigmoid|elu|mish activation_alpha=f activation_beta=f "},
    {"GatherGrad", "f:BST i:S", "f", "axis=1 size=K "},
    {"ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum "
     "ReduceSumSquare",
     "*: i?:2", "=", "axes=l keepdims=b noop_with_empty_axes=b "},
    {"ArgMax ArgMin", "*:", "l", "axis=a keepdims=b select_last_index=b "},
    {"CumSum", "*: i:-", "=", "exclusive=b reverse=b "},
    {"Transpose", "*:BST", "=", "perm=l "},
    {"Reshape", "*:BST i:3", "=", "allowzero=b "},
    {"Expand Tile", "*:BST i:3", "=", ""},
    {"Squeeze Unsqueeze", "*:B1S i?:1", "=", "axes=l "},
    {"Split", "*:BST i?:2", "==", "axis=a num_outputs=n "},
    {"Concat", "*:BST *:BST", "=", "axis=a "},
    {"DepthToSpace SpaceToDepth", "*:BCHW", "=", "blocksize=n mode=|DCR|CRD "},
    {"Where", "b: *: *:", "=", ""},
    {"Compress", "*:BST b:S", "=", "axis=a "},
    {"OneHot", "i:BS i:- *:2", "=", "axis=a "},
    {"Range", "*:- *:- *:-", "=", ""},
    {"ReverseSequence", "*:TBS i:B", "=", "time_axis=a batch_axis=a "},
    {"Trilu EyeLike", "*:SS i?:-", "=", "upper=b k=a "},
    {"ConstantOfShape", "i:3", ".", "value=f "},
    {"NonZero Shape Size", "*:", "l", "start=a end=a "},
    {"Cast CastLike IsInf IsNaN", "*: .?:", ".", "to=n "},
    {"Clip", "*: *?:- *?:-", "=", ""},
    {"Add Sub Mul Div Pow Mod Max Min Sum Mean PRelu BitwiseAnd BitShift", "*:BST *:ST", "=",
     "fmod=b direction=|LEFT|RIGHT activation=|gelu|relu|clamp "},
    {"If", "b:- *:BS", "=", ""},
    {"Loop", "l:- b?:- *:BS", "==", "states=1 "},
};
#undef CONVOLUTION
#undef EPILOGUE
#undef INT8
#undef QUANTIZED
#undef AS_FLOAT
#undef POOL

}  // namespace gossamer
