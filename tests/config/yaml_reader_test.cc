#include "config/yaml_reader.h"

#include <gtest/gtest.h>

namespace schoolgate::config {
namespace {

class YamlReader : public testing::Test {
 protected:
  const YamlNode& parse(std::string_view text) {
    root_ = parse_yaml(text, "f.yaml", problems_).value_or(YamlNode{});
    return root_;
  }
  std::vector<std::string> messages() const {
    std::vector<std::string> out;
    for (const Problem& problem : problems_) out.push_back(problem.text());
    return out;
  }
  using Messages = std::vector<std::string>;

  Problems problems_;
  Report report_{"folder", "f.yaml", problems_};

 private:
  YamlNode root_;
};

TEST_F(YamlReader, ReportsTheKeysThatNobodyAskedFor) {
  std::string name;
  {
    Mapping keys(parse("name: x\nnmae: y\n"), report_);
    EXPECT_TRUE(keys.required("name", name));
  }
  EXPECT_EQ(name, "x");
  EXPECT_EQ(messages(), (Messages{"f.yaml:2:1: unknown key 'nmae' (did you mean 'name'?)"}));
}

TEST_F(YamlReader, AKeyWithoutAValueIsLeftOut) {
  std::string name = "default";
  Mapping keys(parse("name:\n"), report_);
  EXPECT_FALSE(keys.optional("name", name));
  EXPECT_TRUE(problems_.empty());
  EXPECT_FALSE(keys.required("name", name));
  EXPECT_EQ(messages(), (Messages{"f.yaml:1:1: missing key 'name'"}));
  EXPECT_EQ(name, "default");
}

TEST_F(YamlReader, SaysOnceThatAMappingIsNone) {
  {
    Mapping keys(parse("[a, b]"), report_);
    std::string ignored;
    keys.required("name", ignored);
    keys.required("other", ignored);
  }
  EXPECT_EQ(messages(), (Messages{"f.yaml:1:1: expected a mapping, found a list"}));
}

TEST_F(YamlReader, AWrongValueLeavesTheDefault) {
  bool flag = true;
  std::uint16_t port = 443;
  std::chrono::seconds span{5};
  Mapping keys(parse("flag: \"false\"\nport: 65536\nspan: 5\n"), report_);
  EXPECT_FALSE(keys.optional("flag", flag));
  EXPECT_FALSE(keys.optional("port", Whole{port, 1, 65535}));
  EXPECT_FALSE(keys.optional("span", Span{span, std::chrono::seconds(1), std::chrono::seconds(9)}));
  EXPECT_TRUE(flag);
  EXPECT_EQ(port, 443);
  EXPECT_EQ(span.count(), 5);
  EXPECT_EQ(messages(), (Messages{"f.yaml:1:7: expected true or false, found 'false'",
                                  "f.yaml:2:7: expected a whole number from 1 to 65535, found '65536'",
                                  "f.yaml:3:7: '5' is not a duration (add a unit: s, m, h, d, w or y)"}));
}

TEST_F(YamlReader, WordsThatOtherToolsReadAsBooleansStayWords) {
  std::string id;
  std::string off;
  Mapping keys(parse("id: no\nmode: off\n"), report_);
  EXPECT_TRUE(keys.required("id", Id{id}));
  EXPECT_TRUE(keys.required("mode", off));
  EXPECT_EQ(id, "no");
  EXPECT_EQ(off, "off");
  EXPECT_TRUE(problems_.empty());
}

TEST_F(YamlReader, TextIsOneLine) {
  std::string folded;
  std::string broken = "default";
  Mapping keys(parse("folded: >\n  two\n  lines\nbroken: \"a\\nb\\tc\"\n"), report_);
  EXPECT_TRUE(keys.required("folded", folded));
  EXPECT_EQ(folded, "two lines");
  EXPECT_FALSE(keys.required("broken", broken));
  EXPECT_EQ(broken, "default");
  EXPECT_EQ(messages(),
            (Messages{"f.yaml:4:9: 'a\\nb\\tc' holds a line break or control character (write it as one line)"}));
}

TEST_F(YamlReader, AListKeepsWhatCouldBeRead) {
  std::vector<names::IpNetwork> networks;
  EXPECT_FALSE(read_value(parse("[10.0.0.0/8, nonsense, 192.0.2.0/24]"), report_, networks));
  ASSERT_EQ(networks.size(), 2u);
  EXPECT_EQ(networks[1].text(), "192.0.2.0/24");
  EXPECT_EQ(problems_.size(), 1u);
}

TEST_F(YamlReader, RelativePathsStartAtTheFolder) {
  std::vector<std::filesystem::path> paths;
  EXPECT_TRUE(read_value(parse("[lists/a, ../b, /c/./d]"), report_, paths));
  EXPECT_EQ(paths, (std::vector<std::filesystem::path>{"folder/lists/a", "b", "/c/d"}));
}

TEST_F(YamlReader, EntriesAreIdsAndComeOnce) {
  const auto entries = entries_of(parse("a: 1\n'b c': 2\na: 3\nd: 4\n"), report_);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].second->text, "1");
  EXPECT_EQ(entries[1].first->text, "d");
  EXPECT_EQ(problems_.size(), 2u);
}

TEST_F(YamlReader, StopsCollectingWhenAFileIsAllProblems) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "k" + std::to_string(i) + ": v\n";
  {
    Mapping keys(parse(text), report_);
  }
  EXPECT_EQ(problems_.size(), Report::kMostShown + 1);
  EXPECT_EQ(problems_.back().text(), "f.yaml: more problems than are shown");
  EXPECT_TRUE(has_errors(problems_));
}

}  // namespace
}  // namespace schoolgate::config
