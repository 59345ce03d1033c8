#include "proxy/net/name_cache.h"

#include <utility>

namespace schoolgate::net {

const NameCache::Entry* NameCache::find(std::string_view name) noexcept {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return nullptr;
  found->second->used = true;
  return found->second;
}

void NameCache::put(std::string_view name, AddressList addresses, std::uint32_t expires, std::uint32_t usable) {
  if (most_ == 0) return;
  Entry& entry = place_for(name);
  entry.addresses = std::move(addresses);
  entry.expires = expires;
  entry.usable = usable;
}

NameCache::Entry& NameCache::place_for(std::string_view name) {
  if (const auto found = by_name_.find(name); found != by_name_.end()) return *found->second;
  Entry* entry;
  if (entries_.size() < most_) {
    entry = entries_.emplace_back(std::make_unique<Entry>()).get();
  } else {
    while (std::exchange(entries_[hand_]->used, false)) hand_ = (hand_ + 1) % entries_.size();
    entry = entries_[hand_].get();
    hand_ = (hand_ + 1) % entries_.size();
    by_name_.erase(entry->name);
  }
  entry->name = name;
  by_name_.emplace(entry->name, entry);
  return *entry;
}

void NameCache::clear() noexcept {
  by_name_.clear();
  entries_.clear();
  hand_ = 0;
}

}  // namespace schoolgate::net
