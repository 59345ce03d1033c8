// A confirmation is read once, by the session that did it, on the page that it is meant for.
//
//   goes wrong when                            | then
//   the address is opened or sent on again     | nothing is shown
//   another session opens it                   | nothing, and the one that did it still reads it
//   the token stands in another page's address | nothing
//   the token is made up, or a word            | nothing
//   more are kept than are ever read           | the oldest go
#include "console/confirmations.h"

#include <gtest/gtest.h>

namespace schoolgate::console {
namespace {

using namespace std::chrono_literals;

const Confirmations::Steady kNow{1h};

std::string token_of(const std::string& address) {
  const std::size_t begin = address.find("done=") + 5;
  return address.substr(begin, address.find_first_of("&#", begin) - begin);
}

TEST(Confirmations, AreReadOnceByTheSessionOnThePageTheyAreFor) {
  Confirmations kept;
  const std::string token = token_of(kept.keep("mine", "/measures", "Blocked: x", kNow));
  EXPECT_EQ(kept.take(token, "hers", "/measures", kNow), "");
  EXPECT_EQ(kept.take(token, "", "/measures", kNow), "");
  EXPECT_EQ(kept.take(token, "mine", "/accounts", kNow), "");
  EXPECT_EQ(kept.take(token, "mine", "/measures", kNow), "Blocked: x");
  EXPECT_EQ(kept.take(token, "mine", "/measures", kNow), "");
  for (const char* made_up : {"", "blocked", "erased", "AAAAAAAAAAAAAAAAAAAAAA"})
    EXPECT_EQ(kept.take(made_up, "mine", "/measures", kNow), "") << made_up;
}

TEST(Confirmations, KeepTheRestOfTheAddress) {
  Confirmations kept;
  const std::string plain = kept.keep("s", "/a", "t", kNow), query = kept.keep("s", "/a?b=c", "t", kNow),
                    fragment = kept.keep("s", "/a?b=c#d", "t", kNow);
  EXPECT_EQ(plain, "/a?done=" + token_of(plain));
  EXPECT_EQ(query, "/a?b=c&done=" + token_of(query));
  EXPECT_EQ(fragment, "/a?b=c&done=" + token_of(fragment) + "#d");
  EXPECT_EQ(kept.take(token_of(fragment), "s", "/a", kNow), "t");
}

TEST(Confirmations, GoWithTimeAndWithTheirNumber) {
  Confirmations kept;
  const std::string old = token_of(kept.keep("s", "/a", "t", kNow));
  EXPECT_EQ(kept.take(old, "s", "/a", kNow + Confirmations::kFor), "");
  const std::string first = token_of(kept.keep("s", "/a", "first", kNow));
  std::string last;
  for (std::size_t i = 0; i < Confirmations::kMost; ++i) last = token_of(kept.keep("s", "/a", "last", kNow));
  EXPECT_EQ(kept.take(first, "s", "/a", kNow), "");
  EXPECT_EQ(kept.take(last, "s", "/a", kNow), "last");
}

}  // namespace
}  // namespace schoolgate::console
