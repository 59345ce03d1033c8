// A static map from 64-bit keys to 16-bit values in about nine bytes an entry, laid out to be mapped and probed.
//
// Keys are scaled into `buckets` ranges; entries lie sorted, and a directory says where each bucket begins. An entry
// keeps the next 48 bits of its key (its place inside the bucket's range) and its value:
//
//     key * buckets = bucket (high 64 bits) . rest (low 64 bits);   entry = rest's upper 48 bits << 16 | value
//
// So position and fingerprint together compare 48 + log2(buckets) bits, all 64 of the key from 65,536 buckets on. A
// lookup reads one directory word and one short run of entries. Several entries may carry one key.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace schoolgate::blocklists {

/// Where a key belongs in a table of so many buckets.
struct Slot {
  std::uint64_t bucket;
  std::uint64_t fingerprint;  ///< 48 bits
  [[nodiscard]] static Slot of(std::uint64_t key, std::uint64_t buckets) noexcept {
    const auto product = static_cast<unsigned __int128>(key) * buckets;
    return {static_cast<std::uint64_t>(product >> 64), static_cast<std::uint64_t>(product) >> 16};
  }
};

/// A view into a mapped image; valid as long as the mapping. Out-of-range directory words read as an empty bucket.
class FingerprintTable {
 public:
  FingerprintTable() = default;
  /// `directory` holds one word more than there are buckets.
  FingerprintTable(std::span<const std::uint32_t> directory, std::span<const std::uint64_t> entries) noexcept
      : directory_(directory), entries_(entries) {}

  [[nodiscard]] bool empty() const noexcept { return entries_.empty() || directory_.size() < 2; }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] std::uint64_t buckets() const noexcept { return directory_.size() - 1; }

  void prefetch_directory(const Slot& slot) const noexcept { __builtin_prefetch(&directory_[slot.bucket]); }
  void prefetch_entries(const Slot& slot) const noexcept {
    const std::uint32_t at = directory_[slot.bucket];
    if (at < entries_.size()) __builtin_prefetch(&entries_[at]);
  }

  /// Calls `found(value)` for each entry with this key.
  template <class Found>
  void find(const Slot& slot, Found&& found) const noexcept {
    const std::uint32_t begin = directory_[slot.bucket], end = directory_[slot.bucket + 1];
    if (end > entries_.size()) return;
    for (std::uint32_t i = begin; i < end; ++i)
      if (entries_[i] >> 16 == slot.fingerprint) found(static_cast<std::uint16_t>(entries_[i]));
  }

 private:
  std::span<const std::uint32_t> directory_;
  std::span<const std::uint64_t> entries_;
};

/// Builds the two arrays from keys that arrive in ascending order.
class FingerprintTableBuilder {
 public:
  static constexpr std::uint64_t kEntriesPerBucket = 4;

  /// `entries`: how many will be added at most; decides the number of buckets.
  explicit FingerprintTableBuilder(std::uint64_t entries)
      : buckets_(entries == 0 ? 0 : entries / kEntriesPerBucket + 1) {
    directory_.reserve(buckets_ + 1);
    entries_.reserve(entries);
  }
  void add(std::uint64_t key, std::uint16_t value) {
    const Slot slot = Slot::of(key, buckets_);
    while (directory_.size() <= slot.bucket) directory_.push_back(static_cast<std::uint32_t>(entries_.size()));
    entries_.push_back(slot.fingerprint << 16 | value);
  }
  void finish() {
    if (buckets_ == 0) return;
    directory_.resize(buckets_ + 1, static_cast<std::uint32_t>(entries_.size()));
  }
  [[nodiscard]] const std::vector<std::uint32_t>& directory() const noexcept { return directory_; }
  [[nodiscard]] const std::vector<std::uint64_t>& entries() const noexcept { return entries_; }

 private:
  std::uint64_t buckets_;
  std::vector<std::uint32_t> directory_;
  std::vector<std::uint64_t> entries_;
};

}  // namespace schoolgate::blocklists
