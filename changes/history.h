// Every accepted configuration as a commit of a bare git repository, <state>/changes/history.git: what `git log` and
// `git diff` read without Schoolgate.
//
// Holds the texts of the configuration's files (never of secret files) and messages without names: accounts stand in
// the trailers as keyed ids, reasons in the ledger, where they can be erased. One thread; exclusive use is the
// caller's. Everything is on disk when a call returns. With merge_texts.h the only home of libgit2.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace schoolgate::changes {

/// Relative name -> text.
using FileTexts = std::map<std::string, std::string>;

/// libgit2 is begun once and lasts as long as the process. Any thread.
void begin_git();

class History {
 public:
  /// Makes the repository where there is none.
  [[nodiscard]] static Result<History> open(const std::filesystem::path& folder);
  ~History();
  History(History&&) noexcept;
  History& operator=(History&&) noexcept;

  /// Id of the configuration accepted last; nothing before the first.
  [[nodiscard]] Result<std::optional<std::string>> head() const;
  [[nodiscard]] Result<FileTexts> files_of(const std::string& commit) const;
  /// Of the commit before it; nothing in it where there was none.
  [[nodiscard]] Result<FileTexts> files_before(const std::string& commit) const;
  [[nodiscard]] Result<std::string> message_of(const std::string& commit) const;
  /// Writes a commit on top of head() that nothing leads to yet; its id. advance() makes it the head.
  [[nodiscard]] Result<std::string> write(const FileTexts& files, const std::string& message, TimePoint at);
  [[nodiscard]] Result<void> advance(const std::string& commit);

 private:
  struct State;
  explicit History(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace schoolgate::changes
