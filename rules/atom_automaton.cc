#include "rules/atom_automaton.h"

#include <algorithm>

namespace schoolgate::rules {

AtomAutomaton::AtomAutomaton(std::span<const std::string> atoms) {
  if (atoms.empty()) return;
  for (const std::string& atom : atoms)
    for (const char c : atom)
      if (std::uint8_t& cls = class_of_[static_cast<unsigned char>(c)]; cls == 0 && classes_ < 256)
        cls = static_cast<std::uint8_t>(classes_++);
  for (int c = 'a'; c <= 'z'; ++c)
    class_of_[static_cast<std::size_t>(c - 'a' + 'A')] = class_of_[static_cast<std::size_t>(c)];

  // The trie: 0 is the root and, as nothing leads back to it, also "no such child".
  std::vector<std::vector<int>> ends(1);
  next_.assign(classes_, 0);
  for (std::size_t number = 0; number < atoms.size(); ++number) {
    std::uint32_t state = 0;
    for (const char c : atoms[number]) {
      const std::size_t cell = state * classes_ + class_of_[static_cast<unsigned char>(c)];
      if (next_[cell] == 0) {
        next_[cell] = static_cast<std::uint32_t>(ends.size());
        ends.emplace_back();
        next_.resize(next_.size() + classes_, 0);
      }
      state = next_[cell];
    }
    ends[state].push_back(static_cast<int>(number));
  }

  // Breadth first, each missing child becomes what the longest proper suffix would do, and ends are inherited from it.
  std::vector<std::uint32_t> suffix(ends.size(), 0), queue;
  for (std::uint32_t cls = 0; cls < classes_; ++cls)
    if (next_[cls] != 0) queue.push_back(next_[cls]);
  for (std::size_t head = 0; head < queue.size(); ++head) {
    const std::uint32_t state = queue[head];
    const auto& inherited = ends[suffix[state]];
    ends[state].insert(ends[state].end(), inherited.begin(), inherited.end());
    for (std::uint32_t cls = 0; cls < classes_; ++cls) {
      std::uint32_t& child = next_[state * classes_ + cls];
      const std::uint32_t by_suffix = next_[suffix[state] * classes_ + cls];
      if (child == 0) {
        child = by_suffix;
      } else {
        suffix[child] = by_suffix;
        queue.push_back(child);
      }
    }
  }

  ends_begin_.reserve(ends.size() + 1);
  for (const std::vector<int>& here : ends) {
    ends_begin_.push_back(static_cast<std::uint32_t>(ends_.size()));
    ends_.insert(ends_.end(), here.begin(), here.end());
  }
  ends_begin_.push_back(static_cast<std::uint32_t>(ends_.size()));
  for (std::uint32_t& step : next_)
    if (!ends[step].empty()) step |= kEndsHere;
}

}  // namespace schoolgate::rules
