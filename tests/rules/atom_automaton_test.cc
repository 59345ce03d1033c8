#include "rules/atom_automaton.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace schoolgate::rules {
namespace {

std::multiset<int> found_in(const AtomAutomaton& automaton, std::string_view text) {
  std::multiset<int> found;
  automaton.scan(text, [&](int atom) { found.insert(atom); });
  return found;
}

TEST(AtomAutomaton, FindsOverlappingAndNestedAtoms) {
  const std::vector<std::string> atoms{"he", "she", "his", "hers"};
  EXPECT_EQ(found_in(AtomAutomaton(atoms), "ushers"), (std::multiset<int>{0, 1, 3}));
  EXPECT_EQ(found_in(AtomAutomaton(atoms), "hehe"), (std::multiset<int>{0, 0}));
}

TEST(AtomAutomaton, CapitalsOfTheTextMatch) {
  const std::vector<std::string> atoms{"spins"};
  EXPECT_EQ(found_in(AtomAutomaton(atoms), "Free-SPINS"), (std::multiset<int>{0}));
}

TEST(AtomAutomaton, EmptyFindsNothing) { EXPECT_TRUE(found_in(AtomAutomaton(), "anything").empty()); }

TEST(AtomAutomaton, KnowsEveryByte) {
  std::vector<std::string> atoms;
  for (int c = 1; c < 256; ++c)
    if (c < 'A' || c > 'Z') atoms.push_back(std::string(2, static_cast<char>(c)));
  const AtomAutomaton automaton(atoms);
  for (std::size_t i = 0; i < atoms.size(); ++i)
    EXPECT_TRUE(found_in(automaton, atoms[i]).contains(static_cast<int>(i)));
}

TEST(AtomAutomaton, AgreesWithStringSearch) {
  std::mt19937 random(7);
  const auto word = [&](std::size_t most) {
    std::string made;
    for (std::size_t i = 0, n = 1 + random() % most; i < n; ++i) made += static_cast<char>('a' + random() % 3);
    return made;
  };
  for (int round = 0; round < 200; ++round) {
    std::set<std::string> distinct;
    while (distinct.size() < 8) distinct.insert(word(5));
    const std::vector<std::string> atoms(distinct.begin(), distinct.end());
    const AtomAutomaton automaton(atoms);
    const std::string text = word(60);
    std::multiset<int> expected;
    for (std::size_t i = 0; i < atoms.size(); ++i)
      for (std::size_t at = text.find(atoms[i]); at != std::string::npos; at = text.find(atoms[i], at + 1))
        expected.insert(static_cast<int>(i));
    ASSERT_EQ(found_in(automaton, text), expected) << text;
  }
}

}  // namespace
}  // namespace schoolgate::rules
