#include "names/idna.h"

#include <gtest/gtest.h>

namespace schoolgate::names {
namespace {

TEST(Idna, MapsAsBrowsersDo) {
  const struct {
    const char *text, *expected;
  } cases[] = {
      {"bücher.example", "xn--bcher-kva.example"},
      {"BÜCHER.example", "xn--bcher-kva.example"},
      {"bu\u0308cher.example", "xn--bcher-kva.example"},  // decomposed
      {"faß.example", "xn--fa-hia.example"},              // non-transitional: ß stays
      {"βόλος.example", "xn--nxasmm1c.example"},          // and so does the final sigma
      {"例え。テスト", "xn--r8jz45g.xn--zckzah"},
      {"ex\u00adample.ñ", "example.xn--ida"},  // soft hyphen vanishes
      {"ｅｘａｍｐｌｅ．ｃｏｍ", "example.com"},
      {"a\uff61b\uff0ec\u3002d", "a.b.c.d"},
      {"ⓔⓧ.example", "ex.example"},
      {"_srv.ñ.example", "_srv.xn--ida.example"},
      {"１２７．０．０．１", "127.0.0.1"},
  };
  for (const auto& c : cases) {
    const auto ascii = to_ascii(c.text);
    ASSERT_TRUE(ascii) << c.text << ": " << ascii.error().text();
    EXPECT_EQ(*ascii, c.expected);
  }
}

TEST(Idna, RefusesWhatNoNameMayHold) {
  for (const char* text : {"\xff.example", "\xc0\xae.example", "\xed\xa0\x80.example", "\u0300a.example",
                           "a\u200db.example", "1א.example", "\u202eexample", "a\ufffdb.example"}) {
    const auto ascii = to_ascii(text);
    ASSERT_FALSE(ascii) << text;
    EXPECT_EQ(ascii.error().fault, Fault::client);
    EXPECT_FALSE(ascii.error().what.empty());
  }
}

TEST(Idna, AnALabelIsTheOneSpellingOfItsName) {
  for (const char* label : {"xn--bcher-kva", "xn--fa-hia", "xn--wgv71a119e", "xn--ida", "xn--zckzah"})
    EXPECT_TRUE(is_a_label(label)) << label;
  for (const char* label : {"xn--", "xn---", "xn--a", "xn--0", "xn--example-", "xn--bcher-kva-", "xn--zn7c",
                            "xn--99999999", "xn--a-ecp", "xn--xn---epa", "xn--\x80", "xn--a_b"})
    EXPECT_FALSE(is_a_label(label)) << label;
}

TEST(Idna, EmojiNamesAreNames) {
  for (const char* label : {"xn--ls8h", "xn--i-7iq", "xn--53h1310o", "xn--bei"})
    EXPECT_TRUE(is_a_label(label)) << label;
}

}  // namespace
}  // namespace schoolgate::names
