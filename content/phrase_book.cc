#include "content/phrase_book.h"

#include <hs/hs.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

namespace schoolgate::content {
namespace {

/// "kill yourself" is also written #killyourself and k.i.l.l.y.o.u.r.s.e.l.f. Short ones would stand inside other
/// words.
constexpr std::size_t kShortestTogether = 8;

std::string written_together(const std::string& words) {
  if (!words.starts_with(' ') || !words.ends_with(' ') || std::ranges::count(words, ' ') < 3) return {};
  std::string together = " ";
  for (const char c : words)
    if (c != ' ') together += c;
  together += ' ';
  return together.size() >= kShortestTogether + 2 ? together : std::string();
}

}  // namespace

/// A scratch of the library for one piece of text.
class PhraseBook::Scratch {
 public:
  explicit Scratch(const PhraseBook& book) : book_(book) {
    {
      const std::lock_guard lock(book.mutex_);
      if (!book.idle_.empty()) {
        scratch_ = book.idle_.back();
        book.idle_.pop_back();
      }
    }
    if (!scratch_ && hs_clone_scratch(book.first_scratch_, &scratch_) != HS_SUCCESS) scratch_ = nullptr;
  }
  ~Scratch() {
    if (!scratch_) return;
    const std::lock_guard lock(book_.mutex_);
    book_.idle_.push_back(scratch_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] hs_scratch* get() const noexcept { return scratch_; }

 private:
  const PhraseBook& book_;
  hs_scratch* scratch_ = nullptr;
};

Result<std::shared_ptr<const PhraseBook>> PhraseBook::compile(std::vector<Phrase> phrases) {
  std::shared_ptr<PhraseBook> book(new PhraseBook());
  book->phrases_ = std::move(phrases);
  book->number_parts();
  if (book->literals_.empty()) return book;
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  std::vector<unsigned> flags(book->literals_.size(), 0u), numbers;
  for (const std::string& literal : book->literals_) {
    numbers.push_back(static_cast<unsigned>(texts.size()));
    texts.push_back(literal.data());
    lengths.push_back(literal.size());
  }
  hs_compile_error_t* error = nullptr;
  const hs_error_t outcome =
      hs_compile_lit_multi(texts.data(), flags.data(), numbers.data(), lengths.data(),
                           static_cast<unsigned>(texts.size()), HS_MODE_STREAM, nullptr, &book->database_, &error);
  if (outcome != HS_SUCCESS) {
    std::string why = error && error->message ? error->message : "memory";
    hs_free_compile_error(error);
    return fail(Fault::self, "the phrases cannot be compiled: " + why);
  }
  if (hs_alloc_scratch(book->database_, &book->first_scratch_) != HS_SUCCESS)
    return fail(Fault::host, "no memory for the phrases", "give the machine more memory, or fewer phrases");
  return book;
}

PhraseBook::~PhraseBook() {
  for (hs_scratch* scratch : idle_) hs_free_scratch(scratch);
  hs_free_scratch(first_scratch_);
  hs_free_database(database_);
}

std::size_t PhraseBook::bytes() const noexcept {
  std::size_t size = 0;
  return database_ && hs_database_size(database_, &size) == HS_SUCCESS ? size : 0;
}

std::size_t PhraseBook::bytes_a_scan() const noexcept {
  std::size_t size = 0;
  return database_ && hs_stream_size(database_, &size) == HS_SUCCESS ? size : 0;
}

void PhraseBook::number_parts() {
  std::unordered_map<std::string, std::uint32_t> known;
  const auto add = [&](const std::string& text, PhrasePart part) {
    const auto [at, fresh] = known.try_emplace(text, static_cast<std::uint32_t>(literals_.size()));
    if (fresh) {
      literals_.push_back(text);
      uses_.emplace_back();
    }
    uses_[at->second].push_back(part);
  };
  for (std::uint32_t i = 0; i < phrases_.size(); ++i) {
    const Phrase& phrase = phrases_[i];
    const auto category = std::ranges::find(categories_, phrase.category);
    category_of_.push_back(static_cast<std::uint16_t>(category - categories_.begin()));
    if (category == categories_.end()) categories_.push_back(phrase.category);
    for (std::uint8_t part = 0; part < phrase.parts.size(); ++part) {
      add(phrase.parts[part], {i, part});
      vocabulary_.add(phrase.parts[part]);
      if (const std::string together = written_together(phrase.parts[part]); !together.empty())
        add(together, {i, part});
    }
  }
}

PhraseScan::PhraseScan(const PhraseBook& book) : book_(book) {
  if (book.database_ && hs_open_stream(book.database_, 0, &stream_) != HS_SUCCESS) stream_ = nullptr;
}

PhraseScan::~PhraseScan() {
  if (stream_) hs_close_stream(stream_, nullptr, nullptr, nullptr);
}

bool PhraseScan::feed(std::string_view words, const Found& found) {
  if (!book_.database_) return true;
  const PhraseBook::Scratch scratch(book_);
  if (!stream_ || !scratch.get()) return false;
  const auto on_match = [](unsigned id, unsigned long long, unsigned long long to, unsigned, void* context) {
    (*static_cast<const Found*>(context))(id, to);
    return 0;
  };
  const hs_error_t outcome = hs_scan_stream(stream_, words.data(), static_cast<unsigned>(words.size()), 0,
                                            scratch.get(), on_match, const_cast<Found*>(&found));
  return outcome == HS_SUCCESS;
}

}  // namespace schoolgate::content
