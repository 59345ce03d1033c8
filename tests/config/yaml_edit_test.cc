#include "config/yaml_edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "config/yaml_text.h"

namespace schoolgate::config {
namespace {

using ::testing::HasSubstr;

std::string yaml_or(const Result<std::string>& result) {
  return result ? *result : "refused: " + result.error().text();
}
NewValue word(std::string_view text) { return NewValue::of_word(text); }

NewValue rule(std::string_view site, std::string_view why) {
  return {.kind = NewValue::Kind::mapping,
          .entries = {{"site", NewValue::of_text(site)}, {"why", NewValue::of_text(why)}}};
}

TEST(YamlEdit, ReplacesOnlyTheScalar) {
  EXPECT_EQ(yaml_or(set_value("a: 1 # one\nb: { c: warn , d: 'x' } # two\n", {"b", "c"}, word("block"))),
            "a: 1 # one\nb: { c: block , d: 'x' } # two\n");
  EXPECT_EQ(yaml_or(set_value("a:   \"q\"  # one\n", {"a"}, NewValue::of_text("say \"no\"\n"))),
            "a:   \"say \\\"no\\\"\\x0a\"  # one\n");
  EXPECT_EQ(yaml_or(set_value("a: ~\n", {"a"}, word("block"))), "a: block\n");
  EXPECT_EQ(yaml_or(set_value("a:   # nothing yet\nb: 1\n", {"a"}, word("block"))), "a: block   # nothing yet\nb: 1\n");
}

TEST(YamlEdit, AddsAKeyInTheStyleOfItsMapping) {
  EXPECT_EQ(yaml_or(set_value("a:\n    b: 1\n    # note\nc: 2\n", {"a", "x"}, word("block"))),
            "a:\n    b: 1\n    x: block\n    # note\nc: 2\n");
  EXPECT_EQ(yaml_or(set_value("a: { b: 1 }\n", {"a", "x"}, word("block"))), "a: { b: 1, x: block }\n");
  EXPECT_EQ(yaml_or(set_value("a: {}\n", {"a", "x"}, word("block"))), "a: { x: block }\n");
  EXPECT_EQ(yaml_or(set_value("a:\n  b: 1\n", {"a", "x", "z"}, word("block"))), "a:\n  b: 1\n  x: { z: block }\n");
  EXPECT_EQ(yaml_or(set_value("- site: a\n  why: b\n- site: c\n", {0ul, "until"}, word("2026-12-18"))),
            "- site: a\n  why: b\n  until: 2026-12-18\n- site: c\n");
  EXPECT_EQ(yaml_or(set_value("a: {\n  b: 1, # one\n  c: 2 # two\n}\n", {"a", "x"}, word("3"))),
            "a: {\n  b: 1, # one\n  c: 2, x: 3 # two\n}\n");
  EXPECT_EQ(yaml_or(set_value("a: {\n  b: 1\n}\n", {"x"}, word("3"))), "a: {\n  b: 1\n}\nx: 3\n");
}

TEST(YamlEdit, AddsAnItem) {
  EXPECT_EQ(yaml_or(append_item("block:\n  - { site: a }\n\n# allows\nallow: []\n", {"block"}, rule("b", "it is so"))),
            "block:\n  - { site: a }\n  - { site: b, why: \"it is so\" }\n\n# allows\nallow: []\n");
  EXPECT_EQ(yaml_or(append_item("allow: []\nblock: [a]\n", {"allow"}, rule("b", "x"))),
            "allow:\n  - { site: b, why: x }\nblock: [a]\n");
  EXPECT_EQ(yaml_or(append_item("allow: [a]\n", {"allow"}, word("b"))), "allow: [a, b]\n");
  EXPECT_EQ(yaml_or(append_item("block:\n- a\n- b\nallow: 1\n", {"block"}, word("c"))),
            "block:\n- a\n- b\n- c\nallow: 1\n");
  EXPECT_EQ(yaml_or(append_item("allow: # none\nblock: 1\n", {"allow"}, word("b"))),
            "allow: # none\n  - b\nblock: 1\n");
  EXPECT_EQ(yaml_or(append_item("# only comments\n", {"block"}, word("a"))), "# only comments\nblock:\n  - a\n");
  EXPECT_EQ(yaml_or(append_item("", {"block"}, word("a"))), "block:\n  - a\n");
  EXPECT_EQ(yaml_or(append_item("x: 1", {"block"}, word("a"))), "x: 1\nblock:\n  - a") << "no final newline stays none";
  EXPECT_EQ(yaml_or(append_item("block:\n  - {\n      site: a,\n  }\n  - b", {"block"}, word("c"))),
            "block:\n  - {\n      site: a,\n  }\n  - b\n  - c");
}

TEST(YamlEdit, RemovesAnItemAndLeavesTheCommentsOfOthers) {
  const std::string file =
      "block:\n  # first\n  - { site: a }  # about a\n  - site: b\n    why: |\n      text\n    # about b\n\n  # about "
      "c\n  - { site: c }\n";
  EXPECT_EQ(yaml_or(remove_value(file, {"block", 1ul})),
            "block:\n  # first\n  - { site: a }  # about a\n\n  # about c\n  - { site: c }\n");
  EXPECT_EQ(yaml_or(remove_value(file, {"block", 0ul})),
            "block:\n  # first\n  - site: b\n    why: |\n      text\n    # about b\n\n  # about c\n  - { site: c }\n");
  EXPECT_EQ(yaml_or(remove_value("block:\n  - a\nallow: 1\n", {"block", 0ul})), "block: []\nallow: 1\n");
  EXPECT_EQ(yaml_or(remove_value("a: [x, y, z]\n", {"a", 1ul})), "a: [x, z]\n");
  EXPECT_EQ(yaml_or(remove_value("a: [x, y]\n", {"a", 1ul})), "a: [x]\n");
  EXPECT_EQ(yaml_or(remove_value("a: [x]\n", {"a", 0ul})), "a: []\n");
  EXPECT_EQ(yaml_or(remove_value("block:\n  - a\n  - b", {"block", 1ul})), "block:\n  - a");
}

TEST(YamlEdit, RemovesAKey) {
  EXPECT_EQ(yaml_or(remove_value("a: { b: 1, c: 2 }\n", {"a", "b"})), "a: { c: 2 }\n");
  EXPECT_EQ(yaml_or(remove_value("a: { b: 1, c: 2 }\n", {"a", "c"})), "a: { b: 1 }\n");
  EXPECT_EQ(yaml_or(remove_value("a: { b: 1 }\n", {"a", "b"})), "a: {}\n");
  EXPECT_EQ(yaml_or(remove_value("a: {\n  b: 1,  # one\n  c: 2\n}\n", {"a", "c"})), "a: {\n  b: 1  # one\n}\n");
  EXPECT_EQ(yaml_or(remove_value("a:\n  b: 1\n  c: 2\nd: 3\n", {"a", "c"})), "a:\n  b: 1\nd: 3\n");
  EXPECT_EQ(yaml_or(remove_value("a:\n  b: 1\nd: 3\n", {"a", "b"})), "a: {}\nd: 3\n");
  EXPECT_EQ(yaml_or(remove_value("- site: a\n  why: b\n", {0ul, "site"})), "- why: b\n");
  EXPECT_EQ(yaml_or(remove_value("- site: a\n  why: b\n- c\n", {0ul, "why"})), "- site: a\n- c\n");
}

TEST(YamlEdit, KeepsWindowsLineEndsAndTheByteOrderMark) {
  EXPECT_EQ(yaml_or(append_item("\xEF\xBB\xBF"
                                "block:\r\n  - a\r\n",
                                {"block"}, word("b"))),
            "\xEF\xBB\xBF"
            "block:\r\n  - a\r\n  - b\r\n");
  EXPECT_EQ(yaml_or(remove_value("\xEF\xBB\xBF"
                                 "block:\r\n  - a\r\n  - b\r\n",
                                 {"block", 1ul})),
            "\xEF\xBB\xBF"
            "block:\r\n  - a\r\n");
  EXPECT_EQ(yaml_or(set_value("\xEF\xBB\xBF"
                              "a: { b: 1 }\r\n",
                              {"a", "b"}, word("2"))),
            "\xEF\xBB\xBF"
            "a: { b: 2 }\r\n");
}

TEST(YamlEdit, WhatAnAnchorSharesIsNotChangedForOthers) {
  const std::string file = "base: &base { games: warn }\nks1: *base\nks2: { games: block }\n";
  EXPECT_THAT(yaml_or(set_value(file, {"ks1", "games"}, word("block"))), HasSubstr("refused"));
  EXPECT_THAT(yaml_or(set_value(file, {"base", "games"}, word("block"))), HasSubstr("refused"));
  EXPECT_EQ(yaml_or(set_value(file, {"ks2", "games"}, word("allow"))),
            "base: &base { games: warn }\nks1: *base\nks2: { games: allow }\n");
  EXPECT_EQ(yaml_or(set_value("a: &once warn # c\n", {"a"}, word("block"))), "a: &once block # c\n");
  EXPECT_EQ(yaml_or(remove_value(file, {"ks1"})), "base: &base { games: warn }\nks2: { games: block }\n");
  EXPECT_THAT(yaml_or(remove_value(file, {"base"})), HasSubstr("refused"));
}

TEST(YamlEdit, RefusesWhatItDoesNotUnderstand) {
  EXPECT_THAT(yaml_or(set_value("a: 1\na: 2\n", {"a"}, word("3"))), HasSubstr("twice"));
  EXPECT_THAT(yaml_or(set_value("a: |\n  text\n", {"a"}, word("3"))), HasSubstr("several lines"));
  EXPECT_THAT(yaml_or(set_value("a: one\n  two\n", {"a"}, word("3"))), HasSubstr("several lines"));
  EXPECT_THAT(yaml_or(set_value("a: [1\n", {"a"}, word("3"))), HasSubstr("not closed"));
  EXPECT_THAT(yaml_or(set_value("a: 1\n", {"a", "b"}, word("3"))), HasSubstr("no mapping"));
  EXPECT_THAT(yaml_or(remove_value("a: 1\n", {"b"})), HasSubstr("there is no b"));
  EXPECT_THAT(yaml_or(remove_value("a: [1]\n", {"a", 3ul})), HasSubstr("there is no a[3]"));
  EXPECT_THAT(yaml_or(append_item("a: 1\n", {"a"}, word("3"))), HasSubstr("no list"));
}

TEST(YamlEdit, FindsKeysInQuotesAndOddSpaces) {
  EXPECT_EQ(yaml_or(set_value("\"a b\" : { 'c' : 1 }\n", {"a b", "c"}, word("2"))), "\"a b\" : { 'c' : 2 }\n");
  EXPECT_EQ(yaml_or(set_value("{\"a\":{\"b\":1}}", {"a", "b"}, word("2"))), "{\"a\":{\"b\":2}}");
  EXPECT_EQ(yaml_or(set_value("a: { b: \"x # no comment, {no} [no]\", c: 1 }\n", {"a", "c"}, word("2"))),
            "a: { b: \"x # no comment, {no} [no]\", c: 2 }\n");
  EXPECT_EQ(yaml_or(remove_value("a: { b: 'it''s', c: 1 }\n", {"a", "b"})), "a: { c: 1 }\n");
}

TEST(YamlEdit, HostileTextStaysText) {
  for (const char* text :
       {"{ a: b }", "[x",          "# c",       "a: b",        "*alias", "&anchor", "!tag", "null", "~",   "",
        " x",       "x ",          "- a",       "? a",         "'",      "\"",      "\\",   "%",    "@a",  "`a",
        "true",     "line\nbreak", "tab\there", "caf\xC3\xA9", "<<",     "=",       "---",  "...",  "a #b"}) {
    const auto edited = append_item("allow:\n  - { site: a }\n", {"allow"}, rule("b.example", text));
    ASSERT_TRUE(edited) << text << ": " << yaml_or(edited);
    Problems problems;
    const auto read = parse_yaml(*edited, "f", problems);
    ASSERT_TRUE(read) << *edited;
    EXPECT_EQ(read->entries[0].value.items[1].entries[1].value.text, text);
  }
}

TEST(YamlEdit, AFileOfFourMegabytesIsEdited) {
  std::string file = "block:\n";
  const std::string filler(900, 'x');
  while (file.size() < (4u << 20) - 3000)
    file += "  # " + filler + "\n  - { site: a.example, why: \"" + filler + "\" }\n";
  const auto edited = append_item(file, {"block"}, word("b"));
  ASSERT_TRUE(edited) << yaml_or(edited);
  EXPECT_EQ(*edited, file + "  - b\n");
}

// --- a thousand files and edits --------------------------------------------------------------------------------------

/// Files as people write them, built of pieces, with the values beside them.
class RandomFile {
 public:
  explicit RandomFile(unsigned seed) : random_(seed) {}
  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  std::string eol() { return crlf_ ? "\r\n" : "\n"; }
  std::string comment() {
    return below(3) == 0 ? std::string(1 + below(3), ' ') + "# note, with: {odd} [signs] 'and \"quotes" : "";
  }
  std::string between(std::size_t indent) {
    std::string out;
    while (below(4) == 0)
      out += below(2) == 0 ? eol() : std::string(below(2) == 0 ? indent : 0, ' ') + "# a line - of: comment" + eol();
    return out;
  }
  std::string scalar() {
    static const char* const kScalars[] = {"block",
                                           "warn",
                                           "12",
                                           "'it''s'",
                                           "\"a, b: {c} # d\"",
                                           "a.example",
                                           "\"\"",
                                           "2026-12-18",
                                           "http://x.example/a#b",
                                           "\"12:15\""};
    return kScalars[below(10)];
  }
  std::string flow(std::size_t depth) {
    const std::size_t kind = below(depth > 2 ? 1 : 3);
    if (kind == 0) return scalar();
    std::string out;
    const std::size_t count = below(4);
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) out += below(3) == 0 ? "," + comment_break(depth) : ", ";
      if (kind == 2) out += "k" + std::to_string(i) + (below(5) == 0 ? " : " : ": ");
      out += flow(depth + 1);
    }
    if (count > 0 && below(6) == 0) out += ",";
    const std::string space = below(2) == 0 ? " " : "";
    return kind == 1 ? "[" + space + out + space + "]" : "{" + space + out + space + "}";
  }
  std::string comment_break(std::size_t) { return comment() + eol() + std::string(12, ' '); }
  std::string value(std::size_t indent, bool in_list) {
    if (indent > 6 || below(2) == 0) return (in_list ? "" : " ") + flow(0) + comment() + eol();
    std::string out = in_list ? "" : comment() + eol();
    const bool list = !in_list && below(2) == 0;
    const std::size_t count = 1 + below(3);
    for (std::size_t i = 0; i < count; ++i) {
      const bool first_inline = in_list && i == 0;
      if (!first_inline) out += between(indent + 2) + std::string(indent + 2, ' ');
      out += list ? "- " + value(indent + 2, true)
                  : (below(6) == 0 ? "\"k" + std::to_string(i) + "\":" : "k" + std::to_string(i) + ":") +
                        value(indent + 2, false);
    }
    return out;
  }
  std::string file() {
    crlf_ = below(4) == 0;
    std::string out = below(8) == 0 ? "\xEF\xBB\xBF" : "";
    for (std::size_t i = 0, n = 1 + below(4); i < n; ++i)
      out += between(0) + "top" + std::to_string(i) + ":" + value(0, false);
    out += between(0);
    if (below(4) == 0)
      while (!out.empty() && (out.back() == '\n' || out.back() == '\r')) out.pop_back();
    return out;
  }

 private:
  std::mt19937 random_;
  bool crlf_ = false;
};

void collect(const YamlNode& node, const YamlPath& path, std::vector<std::pair<YamlPath, const YamlNode*>>& out) {
  if (!path.empty()) out.emplace_back(path, &node);
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    YamlPath next = path;
    next.emplace_back(i);
    collect(node.items[i], next, out);
  }
  for (const auto& [key, value] : node.entries) {
    YamlPath next = path;
    next.emplace_back(key.text);
    collect(value, next, out);
  }
}

std::vector<std::string> comments_of(std::string_view text) {
  std::vector<std::string> out;
  for (const std::string_view mark : {"# note, with: {odd} [signs] 'and \"quotes", "# a line - of: comment"})
    for (std::size_t at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1))
      out.emplace_back(mark);
  return out;
}

TEST(YamlEdit, AThousandRandomEditsGoThereAndBack) {
  std::size_t edited = 0, refused = 0, back = 0;
  for (unsigned seed = 0; edited + refused < 1000; ++seed) {
    RandomFile random(seed);
    const std::string file = random.file();
    Problems problems;
    const auto root = parse_yaml(file, "f", problems);
    ASSERT_TRUE(root) << seed << " " << (problems.empty() ? "" : problems.front().text()) << "\n" << file;
    std::vector<std::pair<YamlPath, const YamlNode*>> places;
    collect(*root, {}, places);
    const auto& [path, node] = places[random.below(places.size())];
    const std::size_t kind = random.below(3);

    // There: an item, a key or another value. Back: the same place as it was.
    if (kind == 0 && node->kind == YamlNode::Kind::scalar && !node->quoted) {
      const auto there = set_value(file, path, word("changed"));
      ASSERT_TRUE(there) << seed << " " << to_text(path) << " " << yaml_or(there) << "\n" << file;
      const auto again = set_value(*there, path, word(node->text));
      ASSERT_TRUE(again) << seed << yaml_or(again);
      EXPECT_EQ(*again, file) << seed;
      ++edited, ++back;
    } else if (kind == 1 && (node->kind == YamlNode::Kind::mapping || node->kind == YamlNode::Kind::list)) {
      const bool is_list = node->kind == YamlNode::Kind::list;
      const auto there = is_list ? append_item(file, path, word("added")) : [&] {
        YamlPath key = path;
        key.emplace_back("added");
        return set_value(file, key, word("1"));
      }();
      if (!there) {
        ++refused;
        continue;
      }
      YamlPath added = path;
      is_list ? void(added.emplace_back(node->items.size())) : void(added.emplace_back("added"));
      const auto again = remove_value(*there, added);
      ASSERT_TRUE(again) << seed << " " << to_text(added) << " " << yaml_or(again) << "\n" << *there;
      const bool was_empty = node->items.empty() && node->entries.empty();
      // An empty pair of brackets may have had a blank in it, or a trailing comma been passed.
      if (!was_empty) EXPECT_EQ(*again, file) << seed << "\n--- there\n" << *there;
      EXPECT_EQ(comments_of(*there), comments_of(file)) << seed;
      ++edited, back += *again == file;
    } else if (kind == 2) {
      const auto there = remove_value(file, path);
      if (!there) {
        ++refused;
        continue;
      }
      ++edited;
      // What stands before the first changed byte and behind the last one is as it was: nothing was written anew.
      EXPECT_LT(there->size(), file.size() + 4) << seed;
    }
  }
  EXPECT_LT(refused, 60u) << "of a thousand";
  EXPECT_GT(back, 300u);
}

TEST(YamlText, EveryCutOfAFileIsReadWithoutGoingBeyondIt) {
  const std::string file = "a: { b: \"x\", 'c': [1, # d\n 2] }\n\"q\\\"\": 'it''s'\n";
  for (std::size_t size = 0; size <= file.size(); ++size) {
    const std::string cut = file.substr(0, size);
    const YamlText text(cut);
    for (std::size_t at = 0; at <= cut.size(); ++at) {
      EXPECT_LE(text.behind(at, true), cut.size() + 1);
      EXPECT_LE(text.next_token(at), cut.size());
    }
  }
}

}  // namespace
}  // namespace schoolgate::config
