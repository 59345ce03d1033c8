// Which cells of a table are hidden because they are about one or two people.
#include "casework/small_numbers.h"

#include <gtest/gtest.h>

namespace schoolgate::casework {
namespace {

PeopleOfCell of(int first, int count) {
  PeopleOfCell people;
  for (int i = 0; i < count; ++i) people.insert("p" + std::to_string(first + i));
  return people;
}

std::vector<bool> hidden(const std::vector<PeopleOfCell>& cells) { return hidden_cells(cells); }

TEST(SmallNumbers, AreHiddenByPeopleAndWithThemWhatTheyFollowFrom) {
  EXPECT_EQ(hidden({of(0, 3), of(3, 5), {}}), (std::vector<bool>{false, false, false}));
  EXPECT_EQ(hidden({of(0, 1), of(3, 5), of(8, 4)}), (std::vector<bool>{true, false, true}));
  EXPECT_EQ(hidden({of(0, 1), of(3, 2), of(8, 4)}), (std::vector<bool>{true, true, false})) << "three together";
  EXPECT_EQ(hidden({of(0, 1), of(0, 2), of(8, 4)}), (std::vector<bool>{true, true, true})) << "the same two children";
  EXPECT_EQ(hidden({of(0, 2), {}}), (std::vector<bool>{true, false}));
  EXPECT_EQ(hidden({}), std::vector<bool>{});
}

TEST(SmallNumbers, AreWordsOnThePage) {
  EXPECT_EQ(people_shown(0).text(), "0");
  EXPECT_EQ(people_shown(2).text(), "fewer than 3");
  EXPECT_EQ(people_shown(3).text(), "3");
  EXPECT_EQ(shown_about(18, of(0, 1)).text(), "not shown");
  EXPECT_EQ(shown_about(18, of(0, 3)).text(), "18");
  EXPECT_EQ(shown_about(0, {}).text(), "0");
}

}  // namespace
}  // namespace schoolgate::casework
