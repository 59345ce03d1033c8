#include "content/entities.h"

#include <gtest/gtest.h>

namespace schoolgate::content {
namespace {

TEST(Entities, Undone) {
  EXPECT_EQ(without_entities("caf&eacute; &#233;&#xE9;&#XE9 &amp;amp;"), "caf\u00E9 \u00E9\u00E9\u00E9 &amp;");
  EXPECT_EQ(without_entities("&shy;&zwj;&ZeroWidthSpace;"), "\u00AD\u200D\u200B");
  EXPECT_EQ(without_entities("&pfr;&Oopf;&rscr;"), "pOr");
}

TEST(Entities, WhatIsNoneStays) {
  for (const char* const text :
       {"a & b", "&", "&;", "&#;", "&#x;", "&#xD800;", "&#1114112;", "&#99999999999;", "&#0;", "&nothing;", "?a=1&b=2"})
    EXPECT_EQ(without_entities(text), text);
  EXPECT_EQ(without_entities("&" + std::string(100, 'a')), "&" + std::string(100, 'a'));
}

}  // namespace
}  // namespace schoolgate::content
