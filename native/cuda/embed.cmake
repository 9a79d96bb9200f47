# Writes a file as an array of bytes: cmake -DIN=file -DOUT=file.cc -DSYMBOL=name -P embed.cmake
file(READ "${IN}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,){24})" "\\1\n" bytes "${bytes}")
file(WRITE "${OUT}" "extern const unsigned char ${SYMBOL}[];
alignas(16) const unsigned char ${SYMBOL}[] = {
${bytes}};
")
