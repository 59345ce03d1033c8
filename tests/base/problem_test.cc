#include "base/problem.h"

#include <gtest/gtest.h>

namespace schoolgate {
namespace {

TEST(SourcePosition, CitesFileLineAndColumn) {
  const SourcePosition at{"policy.yaml", 7, 12};
  EXPECT_EQ(at.text(), "policy.yaml:7:12");
  EXPECT_EQ(at.line_text(), "policy.yaml:7");
}

TEST(SourcePosition, WithoutALineIsTheFile) {
  const SourcePosition at{"policy.yaml"};
  EXPECT_EQ(at.text(), "policy.yaml");
  EXPECT_EQ(at.line_text(), "policy.yaml");
}

TEST(Problem, SaysWhereWhatAndWhatWasMeant) {
  Problem problem{.at = {"lists.yaml", 3, 5}, .message = "unknown category 'gambeling'", .hint = {}};
  EXPECT_EQ(problem.text(), "lists.yaml:3:5: unknown category 'gambeling'");
  problem.hint = "did you mean 'gambling'?";
  EXPECT_EQ(problem.text(), "lists.yaml:3:5: unknown category 'gambeling' (did you mean 'gambling'?)");
  problem.severity = Problem::Severity::warning;
  EXPECT_EQ(problem.text(), "lists.yaml:3:5: warning: unknown category 'gambeling' (did you mean 'gambling'?)");
}

TEST(Problems, WarningsAloneAreNoErrors) {
  Problems problems;
  EXPECT_FALSE(has_errors(problems));
  problems.push_back({.severity = Problem::Severity::warning, .at = {}, .message = "w", .hint = {}});
  EXPECT_FALSE(has_errors(problems));
  problems.push_back({.severity = Problem::Severity::error, .at = {}, .message = "e", .hint = {}});
  EXPECT_TRUE(has_errors(problems));
}

}  // namespace
}  // namespace schoolgate
