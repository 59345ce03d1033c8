// The phrases that come with the program: content/data/phrases, one file a language.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "content/phrase_book.h"

namespace schoolgate::content {

/// All of them, read. A line of ours that cannot be read is a defect: tests read them.
[[nodiscard]] std::vector<Phrase> shipped_phrases(Problems& problems);

/// Compiled once per process, at the first call; any thread.
[[nodiscard]] Result<std::shared_ptr<const PhraseBook>> shipped_phrase_book();

}  // namespace schoolgate::content
