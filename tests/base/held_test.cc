#include "base/held.h"

#include <gtest/gtest.h>

#include <concepts>
#include <string>
#include <thread>
#include <utility>

namespace schoolgate {
namespace {

struct Owner {
  std::shared_ptr<const std::string> current = std::make_shared<const std::string>("first");
  [[nodiscard]] Held<const std::string> word() const { return current; }
};

// What must not compile: looking into a generation that nothing holds.
template <class T>
concept LooksThrough = requires(T&& held) { std::forward<T>(held).operator->(); };
template <class T>
concept Dereferences = requires(T&& held) { *std::forward<T>(held); };
template <class T>
concept TellsWhetherItIsThere = std::constructible_from<bool, T>;

static_assert(!LooksThrough<Held<int>> && LooksThrough<Held<int>&> && LooksThrough<const Held<int>&>);
static_assert(!Dereferences<Held<int>> && Dereferences<Held<int>&> && Dereferences<const Held<int>&>);
static_assert(!TellsWhetherItIsThere<Held<int>> && TellsWhetherItIsThere<Held<int>&>);

TEST(Held, StaysWhatItWasWhenItsOwnerGoesOn) {
  Owner owner;
  const Held<const std::string> held = owner.word();
  owner.current = std::make_shared<const std::string>("second");
  EXPECT_EQ(*held, "first");
  owner.current = nullptr;
  ASSERT_TRUE(held);
  EXPECT_EQ(held->size(), 5u);
  EXPECT_NE(held, owner.word());
}

TEST(Held, OfNothingIsNull) {
  const Held<const std::string> none = nullptr;
  EXPECT_FALSE(none);
  EXPECT_EQ(none, Held<const std::string>());
}

TEST(Replaceable, GivesWholeGenerationsWhileItIsReplaced) {
  Replaceable<const std::string> word;
  word.replace(std::make_shared<const std::string>("aaaa"));
  std::thread replaces([&] {
    for (int i = 0; i < 2000; ++i) word.replace(std::make_shared<const std::string>(i % 2 == 0 ? "bbbb" : "aaaa"));
  });
  for (int i = 0; i < 2000; ++i) {
    const Held<const std::string> held = word.held();
    ASSERT_TRUE(*held == "aaaa" || *held == "bbbb");
  }
  replaces.join();
  EXPECT_EQ(*std::as_const(word).held().share(), "aaaa");
}

}  // namespace
}  // namespace schoolgate
