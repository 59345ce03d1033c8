#include "proxy/flow/distrust_notes.h"

#include <algorithm>

namespace schoolgate::flow {

void DistrustNotes::note(std::string_view host, TimePoint now) {
  const std::scoped_lock lock(mutex_);
  auto found = notes_.find(host);
  if (found == notes_.end()) {
    if (notes_.size() >= kMost)
      notes_.erase(std::ranges::min_element(notes_, {}, [](const auto& entry) { return entry.second.last; }));
    found = notes_.emplace(std::string(host), Note{.host = std::string(host), .first = now, .last = now}).first;
  }
  ++found->second.times;
  found->second.last = now;
}

std::vector<DistrustNotes::Note> DistrustNotes::all() const {
  std::vector<Note> out;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [host, note] : notes_) out.push_back(note);
  }
  std::ranges::stable_sort(out, std::greater(), &Note::times);
  return out;
}

}  // namespace schoolgate::flow
