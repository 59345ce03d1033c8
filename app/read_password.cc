#include "app/read_password.h"

#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

#include "app/scratch_folder.h"
#include "base/file.h"
#include "identity/password.h"

namespace schoolgate::app {

using identity::Secret;

namespace {

/// A terminal that shows nothing of what is typed, until this dies.
class Unseen {
 public:
  Unseen() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~tcflag_t(ECHO);
    changed_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
  }
  ~Unseen() {
    if (changed_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;

 private:
  termios before_{};
  bool changed_ = false;
};

/// A line of standard input without its end; at most one byte more than the longest password, so that too long is seen.
Result<Secret> read_secret_line() {
  std::string line;
  line.reserve(identity::kLongestPassword + 2);  // in one piece, so that wiping it wipes all of it
  for (char c = 0;;) {
    const ssize_t got = ::read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) {
      if (auto go_on = Interruption::check(); !go_on) return std::unexpected(go_on.error());
      continue;
    }
    if (got < 0) return fail_errno("cannot read the password", errno);
    if (got == 0 || c == '\n') break;
    if (line.size() <= identity::kLongestPassword) line += c;
  }
  if (line.ends_with('\r')) line.pop_back();
  return Secret::take(line);
}

Result<Secret> ask_for(const char* prompt) {
  const Unseen unseen;  // before the prompt: whoever types fast is not shown either
  std::fputs(prompt, stderr);
  auto typed = read_secret_line();
  std::fputc('\n', stderr);
  return typed;
}

}  // namespace

Result<Secret> read_new_password() {
  if (::isatty(STDIN_FILENO) == 0) return read_secret_line();
  auto first = ask_for("New password: ");
  if (!first) return first;
  const auto second = ask_for("Again: ");
  if (!second) return std::unexpected(second.error());
  if (first->view() != second->view()) return fail(Fault::client, "the two were not the same", "try again");
  return first;
}

Result<Secret> read_passphrase(const std::filesystem::path& file, Passphrase which) {
  Secret passphrase;
  if (!file.empty()) {
    auto text = read_file(file, 64 << 10);
    if (!text) return std::unexpected(std::move(text.error()));
    std::string line = text->substr(0, text->find('\n'));
    identity::wipe(*text);
    if (line.ends_with('\r')) line.pop_back();
    passphrase = Secret::take(line);
  } else {
    if (::isatty(STDIN_FILENO) == 0)
      return fail(Fault::host, "there is no terminal to ask for the passphrase",
                  "give it in a file: --passphrase-file");
    auto first = ask_for(which == Passphrase::is_new ? "Passphrase for this backup: " : "Passphrase of this backup: ");
    if (!first) return first;
    if (which == Passphrase::is_new) {
      const auto second = ask_for("Again: ");
      if (!second) return std::unexpected(second.error());
      if (first->view() != second->view()) return fail(Fault::client, "the two were not the same", "try again");
    }
    passphrase = std::move(*first);
  }
  if (passphrase.view().size() < identity::kShortestPassword || passphrase.view().size() > identity::kLongestPassword)
    return fail(Fault::client, "a passphrase has " + std::to_string(identity::kShortestPassword) + " to " +
                                   std::to_string(identity::kLongestPassword) + " characters");
  return passphrase;
}

Result<Secret> read_secret(const char* prompt) {
  return ::isatty(STDIN_FILENO) == 0 ? read_secret_line() : ask_for(prompt);
}

}  // namespace schoolgate::app
