// The terms of use (the school's acceptable use agreement): a text for each role, its version, and whether a person has
// to be asked again.
//
// A folder holds pupil.md, staff.md and visitor.md. The first line is "version: 2026-09"; then come paragraphs, with
// empty lines between them; "# " begins a heading and "- " an item. Nothing else is markup: the portal renders blocks,
// never HTML of the file. Roles without a file have the built-in text, which says in a child's words that use is
// watched. Immutable after load; any thread.
#pragma once

#include <array>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "identity/person_role.h"
#include "identity/terms_record.h"

namespace schoolgate::identity {

struct TermsBlock {
  enum class Kind : std::uint8_t { heading, paragraph, item };
  Kind kind = Kind::paragraph;
  std::string text;
  bool operator==(const TermsBlock&) const = default;
};

struct TermsText {
  std::string version;  ///< letters, digits, . _ -, at most 32
  std::vector<TermsBlock> blocks;
  bool built_in = true;
};

/// Fault config: no version line, no text, longer than 64 KiB, or no UTF-8.
[[nodiscard]] Result<TermsText> read_terms(std::string_view text);

class Terms {
 public:
  /// The built-in texts for all roles.
  Terms();
  /// Fault config: the folder cannot be read, or a file in it is none of the texts (with its path).
  [[nodiscard]] static Result<Terms> load(const std::optional<std::filesystem::path>& folder);

  [[nodiscard]] const TermsText& text_for(PersonRole role) const noexcept { return texts_[std::size_t(role)]; }
  /// True for a person who never accepted this version, declined last, or accepted it `renewal` ago or longer (zero:
  /// never again).
  [[nodiscard]] bool is_due(PersonRole role, const std::optional<TermsAnswer>& last, TimePoint now,
                            std::chrono::seconds renewal) const;

 private:
  std::array<TermsText, 3> texts_;
};

}  // namespace schoolgate::identity
