/** Operators of loops, branches and tensor lists: a graph here is straight-line. */
export const CONTROL_FLOW: ReadonlySet<string> = new Set([
  ...['Enter', 'Exit', 'LoopCond', 'Merge', 'NextIteration', 'Switch'],
  ...['If', 'StatelessIf', 'StatelessWhile', 'While', 'PartitionedCall', 'StatefulPartitionedCall'],
  ...['TensorArrayCloseV3', 'TensorArrayConcatV3', 'TensorArrayGatherV3', 'TensorArrayReadV3', 'TensorArrayScatterV3'],
  ...['TensorArraySizeV3', 'TensorArraySplitV3', 'TensorArrayV3', 'TensorArrayWriteV3'],
  ...['EmptyTensorList', 'TensorListConcat', 'TensorListConcatV2', 'TensorListFromTensor', 'TensorListGather'],
  ...['TensorListGetItem', 'TensorListLength', 'TensorListPopBack', 'TensorListPushBack', 'TensorListReserve'],
  ...['TensorListResize', 'TensorListScatter', 'TensorListScatterV2', 'TensorListSetItem', 'TensorListSplit'],
  'TensorListStack',
]);

/** Operators on strings and on tables keyed by them. */
export const STRING_OPERATORS: ReadonlySet<string> = new Set([
  ...['AsString', 'DecodeBase64', 'DecodeRaw', 'EncodeBase64', 'RegexFullMatch', 'RegexReplace', 'StaticRegexReplace'],
  ...['StringFormat', 'StringJoin', 'StringLength', 'StringLower', 'StringNGrams', 'StringSplit', 'StringSplitV2'],
  ...['StringStrip', 'StringToHashBucketFast', 'StringToNumber', 'StringUpper', 'Substr', 'UnicodeDecode'],
  ...['HashTable', 'HashTableV2', 'InitializeTable', 'InitializeTableV2', 'LookupTableFind', 'LookupTableFindV2'],
  ...['LookupTableImport', 'LookupTableImportV2', 'LookupTableSize', 'LookupTableSizeV2'],
]);

/** Operators that draw random numbers. */
export const RANDOM_OPERATORS: ReadonlySet<string> = new Set([
  ...[
    'Multinomial',
    'ParameterizedTruncatedNormal',
    'RandomGamma',
    'RandomPoisson',
    'RandomPoissonV2',
    'RandomShuffle',
  ],
  ...['RandomStandardNormal', 'RandomUniform', 'RandomUniformInt', 'TruncatedNormal'],
  ...['StatelessMultinomial', 'StatelessRandomNormal', 'StatelessRandomNormalV2', 'StatelessRandomUniform'],
  ...[
    'StatelessRandomUniformInt',
    'StatelessRandomUniformIntV2',
    'StatelessRandomUniformV2',
    'StatelessTruncatedNormal',
  ],
  'StatelessTruncatedNormalV2',
]);
