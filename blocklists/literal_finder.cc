#include "blocklists/literal_finder.h"

#include <algorithm>

namespace schoolgate::blocklists {
namespace {

constexpr std::uint32_t kNone = 0xFFFFFFFF;

}  // namespace

void LiteralFinder::build() {
  std::sort(literals_.begin(), literals_.end());
  literals_.erase(std::unique(literals_.begin(), literals_.end()), literals_.end());
  for (const auto& [literal, owner] : literals_)
    for (const char c : literal)
      if (auto& number = class_of_[static_cast<unsigned char>(c)]; number == 0 && classes_ < 256)
        number = static_cast<std::uint8_t>(classes_++);
  for (int c = 'a'; c <= 'z'; ++c) class_of_[std::size_t(c - 'a' + 'A')] = class_of_[std::size_t(c)];

  next_.assign(classes_, kNone);
  std::vector<std::vector<std::uint32_t>> owners(1);
  for (const auto& [literal, owner] : literals_) {
    std::uint32_t state = 0;
    for (const char c : literal) {
      const std::size_t edge = state * classes_ + class_of_[static_cast<unsigned char>(c)];
      if (next_[edge] == kNone) {
        next_[edge] = static_cast<std::uint32_t>(owners.size());
        owners.emplace_back();
        next_.resize(next_.size() + classes_, kNone);
      }
      state = next_[edge];
    }
    owners[state].push_back(owner);
  }
  // Breadth first: a state's missing edges are those of its longest proper suffix.
  std::vector<std::uint32_t> queue, suffix(owners.size(), 0);
  shorter_.assign(owners.size(), 0);
  for (std::uint32_t c = 0; c < classes_; ++c) {
    if (next_[c] == kNone)
      next_[c] = 0;
    else
      queue.push_back(next_[c]);
  }
  for (std::size_t at = 0; at < queue.size(); ++at) {
    const std::uint32_t state = queue[at], back = suffix[state];
    shorter_[state] = owners[back].empty() ? shorter_[back] : back;
    for (std::uint32_t c = 0; c < classes_; ++c) {
      std::uint32_t& edge = next_[state * classes_ + c];
      const std::uint32_t fallback = next_[back * classes_ + c];
      if (edge == kNone) {
        edge = fallback;
      } else {
        suffix[edge] = fallback;
        queue.push_back(edge);
      }
    }
  }
  owners_at_.assign(1, 0);
  for (const auto& of_state : owners) {
    owners_.insert(owners_.end(), of_state.begin(), of_state.end());
    owners_at_.push_back(static_cast<std::uint32_t>(owners_.size()));
  }
  literals_ = {};
}

}  // namespace schoolgate::blocklists
