// A problem in a file that a person wrote: where it is, what it is, and what was probably meant.
#pragma once

#include <string>
#include <vector>

namespace schoolgate {

/// A place in a configuration file. `line` and `column` count from 1; 0 means "the file as a whole".
struct SourcePosition {
  std::string file;
  int line = 0;
  int column = 0;

  [[nodiscard]] std::string text() const;       ///< FILE:LINE:COL, or FILE when there is no line
  [[nodiscard]] std::string line_text() const;  ///< FILE:LINE, as Reasons cite it
};

struct Problem {
  enum class Severity { error, warning };
  Severity severity = Severity::error;
  SourcePosition at;
  std::string message;
  std::string hint;  ///< e.g. "did you mean 'gambling'?"; may be empty

  [[nodiscard]] std::string text() const;  ///< FILE:LINE:COL: message (hint)
};

using Problems = std::vector<Problem>;

[[nodiscard]] bool has_errors(const Problems& problems) noexcept;

}  // namespace schoolgate
