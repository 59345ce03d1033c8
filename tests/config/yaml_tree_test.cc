#include "config/yaml_tree.h"

#include <gtest/gtest.h>

namespace schoolgate::config {
namespace {

YamlNode parse(std::string_view text) {
  Problems problems;
  auto root = parse_yaml(text, "f.yaml", problems);
  for (const Problem& problem : problems) ADD_FAILURE() << problem.text();
  return root.value_or(YamlNode{});
}

std::string refusal(std::string_view text) {
  Problems problems;
  EXPECT_FALSE(parse_yaml(text, "f.yaml", problems));
  return problems.size() == 1 ? problems[0].text() : "not exactly one problem";
}

TEST(YamlTree, KnowsWhereEachNodeStands) {
  const YamlNode root = parse("a: 1\nb:\n  - x\n  - { c: d }\n");
  ASSERT_EQ(root.entries.size(), 2u);
  EXPECT_EQ(root.entries[0].value.column, 4);
  const YamlNode& list = root.entries[1].value;
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_EQ(list.items[0].line, 3);
  EXPECT_EQ(list.items[0].column, 5);
  EXPECT_EQ(list.items[1].entries[0].value.line, 4);
  EXPECT_EQ(list.items[1].entries[0].value.column, 10);
}

TEST(YamlTree, LeavesScalarsAsTheyWereWritten) {
  const YamlNode root = parse("[no, 12:15, 0x10, 1e3, \"no\", 'x', ~, null]");
  ASSERT_EQ(root.items.size(), 8u);
  EXPECT_EQ(root.items[0].text, "no");
  EXPECT_EQ(root.items[1].text, "12:15");
  EXPECT_EQ(root.items[2].text, "0x10");
  EXPECT_EQ(root.items[3].text, "1e3");
  EXPECT_FALSE(root.items[0].quoted);
  EXPECT_TRUE(root.items[4].quoted);
  EXPECT_TRUE(root.items[5].quoted);
  EXPECT_EQ(root.items[6].kind, YamlNode::Kind::null);
  EXPECT_EQ(root.items[7].kind, YamlNode::Kind::null);
}

TEST(YamlTree, KeepsRepeatedKeysForTheReaderToReport) { EXPECT_EQ(parse("a: 1\na: 2\n").entries.size(), 2u); }

TEST(YamlTree, AnEmptyFileIsNothing) {
  EXPECT_EQ(parse("").kind, YamlNode::Kind::null);
  EXPECT_EQ(parse("# only a comment\n").kind, YamlNode::Kind::null);
  EXPECT_EQ(parse("\xEF\xBB\xBF").kind, YamlNode::Kind::null);
}

TEST(YamlTree, ReadsAByteOrderMarkAndWindowsLines) {
  const YamlNode root = parse(
      "\xEF\xBB\xBF"
      "a: b\r\nc: d\r\n");
  ASSERT_EQ(root.entries.size(), 2u);
  EXPECT_EQ(root.entries[0].key.text, "a");
  EXPECT_EQ(root.entries[0].key.column, 1);
  EXPECT_EQ(root.entries[1].value.text, "d");
}

TEST(YamlTree, AnAliasIsACopyThatStandsWhereItsOriginalStands) {
  const YamlNode root = parse("a: &x { k: v }\nb: *x\n");
  EXPECT_EQ(root.entries[1].value.entries[0].value.text, "v");
  EXPECT_EQ(root.entries[1].value.line, 1);
}

TEST(YamlTree, CountsAliasesAsOftenAsTheyAreUsed) {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i <= 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1), name = "a" + std::to_string(i);
    bomb += name + ": &" + name + " [" + before;
    for (int j = 1; j < 10; ++j) bomb += "," + before;
    bomb += "]\n";
  }
  EXPECT_NE(refusal(bomb).find("more than 200000 values"), std::string::npos);
}

TEST(YamlTree, BoundsDepthHoweverItIsReached) {
  EXPECT_EQ(refusal(std::string(33, '[') + std::string(33, ']')), "f.yaml:1:33: nested deeper than 32 levels");
  EXPECT_EQ(parse(std::string(32, '[') + std::string(32, ']')).kind, YamlNode::Kind::list);
  const std::string half = std::string(20, '[') + std::string(20, ']');
  EXPECT_NE(
      refusal("a: &a " + half + "\nb: " + std::string(20, '[') + "*a" + std::string(20, ']')).find("nested deeper"),
      std::string::npos);
}

TEST(YamlTree, BoundsTheNumberOfValues) {
  std::string many;
  for (std::size_t i = 0; i <= kMaxNodes; ++i) many += "- x\n";
  EXPECT_NE(refusal(many).find("more than 200000 values"), std::string::npos);
}

TEST(YamlTree, BoundsTheBracketsThatTheParserWouldLookPast) {
  std::string open;
  for (int i = 0; i < 3000; ++i) open += std::string(100, '[') + "\n";
  EXPECT_EQ(refusal(open), "f.yaml: more than 200000 brackets");
}

TEST(YamlTree, RefusesWhatIsNotOneSimpleDocument) {
  EXPECT_EQ(refusal("a: &a [*a]"), "f.yaml:1:8: an alias inside the value that it names");
  EXPECT_EQ(refusal("a: 1\n--- \nb: 2\n"),
            "f.yaml:3:1: a second YAML document (one file holds one document: remove the '---')");
  EXPECT_EQ(refusal("a: !env HOME"), "f.yaml:1:4: a tag ('!env') means nothing here (leave the tag out)");
  EXPECT_EQ(refusal("? [a]\n: b\n").find("f.yaml:1:3: a key must be a word"), 0u);
  EXPECT_EQ(refusal("a: [1\n").find("f.yaml:1:4: the bracket [ "), 0u);
  EXPECT_EQ(refusal("a: b: c").find("f.yaml:1:4: this text has a colon "), 0u);
  EXPECT_EQ(refusal("a: \"\\q\"").find("f.yaml:1:"), 0u);
}

}  // namespace
}  // namespace schoolgate::config
