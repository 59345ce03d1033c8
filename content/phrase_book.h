// All phrases in force, compiled: looked for all at once, in text that comes in pieces.
//
// Built by one thread, then immutable: any thread may scan.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "content/phrase_pack.h"
#include "content/vocabulary.h"

struct hs_database;
struct hs_scratch;
struct hs_stream;

namespace schoolgate::content {

/// A part of a phrase.
struct PhrasePart {
  std::uint32_t phrase = 0;
  std::uint8_t part = 0;
};

class PhraseBook {
 public:
  /// Fault host: memory; fault self: the library takes no such phrase.
  [[nodiscard]] static Result<std::shared_ptr<const PhraseBook>> compile(std::vector<Phrase> phrases);
  ~PhraseBook();
  PhraseBook(const PhraseBook&) = delete;
  PhraseBook& operator=(const PhraseBook&) = delete;

  [[nodiscard]] std::span<const Phrase> phrases() const noexcept { return phrases_; }
  [[nodiscard]] std::span<const std::string> categories() const noexcept { return categories_; }
  /// Index into categories().
  [[nodiscard]] std::uint16_t category_of(std::uint32_t phrase) const noexcept { return category_of_[phrase]; }
  [[nodiscard]] std::span<const PhrasePart> parts_of(std::uint32_t literal) const noexcept { return uses_[literal]; }
  [[nodiscard]] const Vocabulary& vocabulary() const noexcept { return vocabulary_; }
  [[nodiscard]] std::size_t bytes() const noexcept;         ///< of the compiled form
  [[nodiscard]] std::size_t bytes_a_scan() const noexcept;  ///< that a PhraseScan holds

 private:
  friend class PhraseScan;
  class Scratch;
  PhraseBook() = default;
  void number_parts();

  std::vector<Phrase> phrases_;
  std::vector<std::string> categories_;
  std::vector<std::uint16_t> category_of_;
  std::vector<std::string> literals_;
  std::vector<std::vector<PhrasePart>> uses_;  ///< by literal
  Vocabulary vocabulary_;
  hs_database* database_ = nullptr;
  hs_scratch* first_scratch_ = nullptr;
  mutable std::mutex mutex_;
  mutable std::vector<hs_scratch*> idle_;  ///< a scan takes one for one piece
};

/// One text in pieces, each of whole words as WordStream gives them. One thread; the book outlives it.
class PhraseScan {
 public:
  /// `found(literal, end)`: where its last byte ends in the whole text.
  using Found = std::function<void(std::uint32_t, std::uint64_t)>;
  explicit PhraseScan(const PhraseBook& book);
  PhraseScan(const PhraseScan&) = delete;
  PhraseScan& operator=(const PhraseScan&) = delete;
  ~PhraseScan();

  /// False: memory gave out, and not everything was looked for.
  [[nodiscard]] bool feed(std::string_view words, const Found& found);

 private:
  const PhraseBook& book_;
  hs_stream* stream_ = nullptr;
};

}  // namespace schoolgate::content
